// The image of the back end's two programs. The Dockerfile and `make images` build what this names: user 1000, with
// `node` on the PATH, /app/hop.mjs and /app/query.mjs.
import { nodeFlags } from '../pipelines/pipeline.ts'

export const image = 'freshet:0.1.0'

/** What runs in the image, without its arguments. */
export const commands = {
  hop: ['node', ...nodeFlags, '/app/hop.mjs'],
  query: ['node', ...nodeFlags, '/app/query.mjs'],
}

/** Also the group. Any number but 0 would do; Debian gives its first user this one. */
export const userId = 1000
