// Makes an image archive of the bundle without an engine, and says how large it is compressed. It needs image.py of
// ../shared/tools/cluster (or of CLUSTER_TOOLS), and has this machine's Node and libraries in place of distroless's.
import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'
import { image, userId } from '../pipelines/images.ts'
import { buildDir } from './bundle.ts'

const MAX_COMPRESSED_BYTES = 90_000_000

const root = fileURLToPath(new URL('..', import.meta.url))

/** Makes the archive from .local/build and returns its path. `tool` is the path of image.py. */
export function archiveImage(tool: string): string {
  const archive = join(root, '.local', `${image.replace(':', '-')}.tar`)
  const node = join(root, 'node_modules/node/bin/node')
  const content = ['--bin', `${node}:/usr/bin/node`, '--add', `${buildDir}:/app`]
  const settings = ['--user', `${userId}:${userId}`, '--workdir', '/app', '-o', archive, '--entry', 'node']
  const made = spawnSync('python3', [tool, image, ...content, ...settings], { stdio: 'inherit' })
  if (made.status !== 0) throw new Error(`image.py failed (exit code ${made.status})`)
  return archive
}

async function measure(archive: string): Promise<number> {
  let bytes = 0
  for await (const chunk of createReadStream(archive).pipe(createGzip())) bytes += (chunk as Buffer).length
  process.stdout.write(`compressed ${(bytes / 1e6).toFixed(1)} MB of at most ${MAX_COMPRESSED_BYTES / 1e6}\n`)
  return bytes < MAX_COMPRESSED_BYTES ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tool = join(resolve(root, process.env['CLUSTER_TOOLS'] ?? '../shared/tools/cluster'), 'image.py')
  if (existsSync(tool)) process.exitCode = await measure(archiveImage(tool))
  else {
    process.stderr.write(`no ${tool}: make image-archive needs it; CLUSTER_TOOLS= names its folder\n`)
    process.exitCode = 2
  }
}
