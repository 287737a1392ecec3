// Redis for the local stack: `redis-server` on PATH, else the binary inside a Maven artefact.
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { findOnPath, getCached, runMaven, type Progress } from './cache.ts'
import { findFreePort } from './ports.ts'
import { startServer, type Server, type ServerOptions } from './server.ts'

const pomDir = fileURLToPath(new URL('redis', import.meta.url))
// File names inside com.github.codemonstur:embedded-redis:1.4.3.
const binaries: Record<string, string> = {
  'linux x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin arm64': 'redis-server-6.2.6-v5-darwin-arm64',
}

type RedisOptions = ServerOptions & {
  /** Directives over the defaults, values as in redis.conf: `{ appendonly: 'yes', appendfsync: 'always' }`. */
  settings?: Record<string, string>
}

/** Starts a server that keeps nothing on disk unless the settings say so. */
export async function startRedis(options: RedisOptions): Promise<Server> {
  const command = await prepareRedis(options.progress)
  const dir = resolve(options.dir)
  await mkdir(dir, { recursive: true })
  const port = options.port ?? (await findFreePort())
  const url = `redis://127.0.0.1:${port}`
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir,
    save: '',
    appendonly: 'no',
    ...options.settings,
  }
  return startServer({
    process: {
      name: 'Redis',
      command,
      // The folder is one word even when it has spaces in it.
      args: Object.entries(settings).flatMap(([name, value]) => [
        `--${name}`,
        ...(name === 'dir' ? [value] : value.split(' ')),
      ]),
      ready: () => askRedis(url),
      deadlineMs: 20_000,
    },
    logFile: join(dir, 'redis.log'),
    url,
    port,
    readEngine: () => askRedis(url),
  })
}

/** The program to run; fetched once when there is none on PATH. */
export async function prepareRedis(progress?: Progress): Promise<string> {
  const installed = await findOnPath('redis-server')
  if (installed !== undefined) return installed
  const binary = binaries[`${process.platform} ${process.arch}`]
  if (binary === undefined) {
    throw new Error(`Redis: no binary for ${process.platform} ${process.arch}; install redis-server`)
  }
  const dir = await getCached({
    name: 'redis',
    title: 'Redis',
    doing: 'fetching with Maven',
    progress,
    inputs: [await readFile(join(pomDir, 'pom.xml')), binary],
    isWhole: (folder) => existsSync(join(folder, 'redis-server')),
    build: async (folder) => {
      await runMaven(pomDir, { binary, outputFolder: folder })
      if (!(await readdir(folder)).includes(binary)) throw new Error(`Redis: the artefact has no ${binary}`)
      await rename(join(folder, binary), join(folder, 'redis-server'))
      await chmod(join(folder, 'redis-server'), 0o755)
    },
  })
  return join(dir, 'redis-server')
}

/** Engine and version, "Redis 7.0.15". Throws when the server does not answer, or is still loading. */
export async function askRedis(url: string): Promise<string> {
  const client = createClient({
    url,
    socket: { connectTimeout: 2_000, socketTimeout: 2_000, reconnectStrategy: false },
    disableOfflineQueue: true,
  })
  // The same failure rejects the call that met it, which is where it is dealt with.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
    const info = await client.info('server')
    const version = /^(redis|valkey)_version:(\S+)/m.exec(info)?.[2] ?? 'of unknown version'
    return `Redis ${version}`
  } finally {
    client.destroy()
  }
}
