// What the programs run in. Pod specifications and `make images` both read it here.

/** The one image; the version is that of package.json. */
export const image = 'freshet:0.1.0'

/** Where each program is in the image; `node` finds them there with no node_modules beside. */
export const programs = { hop: '/app/hop.mjs', query: '/app/query.mjs' }

/** Who it runs as; of nobody's host, and with no home. */
export const userId = 1000
