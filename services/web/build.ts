// Builds the page into .local/web/site.json: every file, compressed, as the query service serves it.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
const outDir = fileURLToPath(new URL('../../.local/web', import.meta.url))
const files = join(outDir, 'files')

/** All scripts together, as gzip has them; brotli's are smaller. */
const MAX_SCRIPT_BYTES = 250_000

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const built = await build({
  configFile: false,
  root,
  logLevel: 'warn',
  build: {
    outDir: files,
    emptyOutDir: true,
    target: 'es2022',
    // Those that know light-dark().
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // The policy lets no data: style or script in.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
})

/** What of node_modules is in the page; images/bundle.ts adds their licences. */
const outputs = [built].flat().flatMap((result) => ('output' in result ? result.output : []))
const modules = outputs.flatMap((output) => (output.type === 'chunk' ? Object.keys(output.modules) : []))
const packages = new Set(
  modules.flatMap((path) => /.*(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
)

const site: Record<string, { type: string; brotli: string; gzip: string }> = {}
let scriptBytes = 0
for (const entry of await readdir(files, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const file = join(entry.parentPath, entry.name)
  const type = types[extname(file)]
  if (!type) throw new Error(`${file}: of no known type`)
  const bytes = await readFile(file)
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
  const gzip = gzipSync(bytes, { level: 9 })
  if (extname(file) === '.js') scriptBytes += gzip.length
  const path = `/${relative(files, file).replaceAll('\\', '/')}`
  site[path] = { type, brotli: brotli.toString('base64'), gzip: gzip.toString('base64') }
}
if (scriptBytes > MAX_SCRIPT_BYTES)
  throw new Error(
    `the page has ${scriptBytes} bytes of compressed script, and ${MAX_SCRIPT_BYTES} is the limit`,
  )

await mkdir(outDir, { recursive: true })
const unfinished = join(outDir, `site.${process.pid}.json`)
await writeFile(unfinished, JSON.stringify(site))
await rename(unfinished, join(outDir, 'site.json'))
await writeFile(join(outDir, 'packages.json'), JSON.stringify([...packages].toSorted()))
await rm(files, { recursive: true, force: true })
process.stdout.write(`page: ${Math.round(scriptBytes / 1_000)} kB of compressed script\n`)
