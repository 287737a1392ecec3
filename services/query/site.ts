// The web page: files that `make ready` built from services/web, compressed, in one file of JSON.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { json, type Ask, type Reply } from './answer.ts'

/** One file of the page; the contents are base64. */
export type SiteFile = { type: string; brotli: string; gzip: string }
export type SiteFiles = Record<string, SiteFile>

/** Nothing from elsewhere, no script or style in the markup, and in nobody's frame. */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

/** The names of these have a hash of what is in them. */
const ASSETS = '/assets/'
const FOREVER = 'public, max-age=31536000, immutable'

export type Site = (ask: Ask) => Reply

/** Returns a function that answers with a file, and with the page for every path that is none. */
export function createSite(files: SiteFiles = readFiles()): Site {
  const held = new Map(
    Object.entries(files).map(([path, { type, brotli, gzip }]) => {
      const zipped = Buffer.from(gzip, 'base64')
      return [
        path,
        { type, br: Buffer.from(brotli, 'base64'), gzip: zipped, identity: gunzipSync(zipped) },
      ] as const
    }),
  )
  return ({ path, encodings }) => {
    const file = held.get(path) ?? (path.startsWith(ASSETS) ? undefined : held.get('/index.html'))
    if (!file && held.size === 0) return json(503, { error: 'the page is not built: make ready' })
    if (!file) return json(404, { error: 'no such file' })
    const encoding = encodings.includes('br') ? 'br' : encodings.includes('gzip') ? 'gzip' : 'identity'
    const headers: Record<string, string> = {
      'Content-Type': file.type,
      'Content-Security-Policy': POLICY,
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': path.startsWith(ASSETS) ? FOREVER : 'no-cache',
      // The same address gives data to programs.
      Vary: 'Accept, Accept-Encoding',
    }
    if (encoding !== 'identity') headers['Content-Encoding'] = encoding
    return { status: 200, headers, body: file[encoding] }
  }
}

function readFiles(): SiteFiles {
  try {
    return JSON.parse(
      readFileSync(new URL('../../.local/web/site.json', import.meta.url), 'utf8'),
    ) as SiteFiles
  } catch (cause) {
    // The API does without.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw cause
  }
}
