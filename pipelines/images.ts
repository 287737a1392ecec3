// What the programs run in. Pod specifications and `make images` both read it here.
import { nodeFlags } from './pipeline.ts'

/** The one image; the version is that of package.json. A cluster that pulls it does so from REGISTRY (`ghcr.io/owner`). */
const registry = process.env['REGISTRY']
export const image = `${registry ? `${registry}/` : ''}freshet:0.1.0`

/** Where each program is in the image; `node` finds them there with no node_modules beside. */
export const programs = { hop: '/app/hop.mjs', query: '/app/query.mjs', run: '/app/run.mjs' }

/** What runs in the image, without its arguments. */
export const commands = {
  hop: ['node', ...nodeFlags, programs.hop],
  query: ['node', ...nodeFlags, programs.query],
  run: ['node', programs.run],
}

/** Who it runs as; of nobody's host, and with no home. */
export const userId = 1000
