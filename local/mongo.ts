// The MongoDB wire protocol for the local stack: `mongod` on PATH, else FerretDB on SQLite, built once.
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { findOnPath, getCached, runTool, type Progress } from './cache.ts'
import { findFreePort } from './ports.ts'
import { startServer, type Server, type ServerOptions } from './server.ts'

const sourceDir = fileURLToPath(new URL('ferretdb', import.meta.url))
// A commit is in the page cache when it is acknowledged: it survives the death of the process, not of the
// machine. SQLite's default waits for the disk, which is milliseconds a commit on many laptops.
const sqliteOptions = '_pragma=synchronous(off)'
const buildFlags = ['-tags', 'ferretdb_no_postgresql', '-trimpath', '-ldflags', '-s -w']

/** Starts a server whose acknowledged writes survive kill() and restart(). */
export async function startMongo(options: ServerOptions): Promise<Server> {
  const { command, isMongod } = await prepareMongo(options.progress)
  const dir = resolve(options.dir)
  const data = join(dir, 'data')
  await mkdir(data, { recursive: true })
  const port = options.port ?? (await findFreePort())
  const url = `mongodb://127.0.0.1:${port}`
  return startServer({
    process: {
      name: 'MongoDB',
      command,
      args: isMongod
        ? ['--dbpath', data, '--port', String(port), '--bind_ip', '127.0.0.1', '--quiet', '--nounixsocket']
        : [`127.0.0.1:${port}`, `file:${encodeURI(data)}/?${sqliteOptions}`],
      ready: () => askMongo(url),
      deadlineMs: 30_000,
    },
    logFile: join(dir, 'mongo.log'),
    url,
    port,
    readEngine: () => (isMongod ? askMongo(url) : readFerretEngine()),
  })
}

/** The program to run; FerretDB is built once when there is no mongod on PATH. */
export async function prepareMongo(progress?: Progress): Promise<{ command: string; isMongod: boolean }> {
  const mongod = await findOnPath('mongod')
  if (mongod !== undefined) return { command: mongod, isMongod: true }
  const sources = ['main.go', 'go.mod', 'go.sum'].map((file) => readFile(join(sourceDir, file)))
  const dir = await getCached({
    name: 'ferretdb',
    title: 'FerretDB',
    doing: 'building with Go',
    progress,
    inputs: [...(await Promise.all(sources)), process.arch],
    build: (folder) =>
      runTool({
        command: 'go',
        args: ['build', ...buildFlags, '-o', join(folder, 'ferretdb'), '.'],
        cwd: sourceDir,
        env: { CGO_ENABLED: '0', GOWORK: 'off' },
      }),
  })
  return { command: join(dir, 'ferretdb'), isMongod: false }
}

/** Engine and version, "MongoDB 8.0.4". Throws when the server does not answer within about 2 s. */
export async function askMongo(url: string): Promise<string> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2_000, connectTimeoutMS: 2_000 })
  try {
    const info = await client.db('admin').command({ buildInfo: 1 }, { timeoutMS: 2_000 })
    // FerretDB gives the version of MongoDB that it imitates as its own.
    if (info['ferretdb'] === undefined && info['ferretdbFeatures'] === undefined)
      return `MongoDB ${info['version']}`
    return nameFerret(`of version ${info['ferretdb']?.version ?? info['ferretdbVersion']}`)
  } finally {
    await client.close()
  }
}

/** Embedded, it does not know its own version: go.mod does. */
async function readFerretEngine(): Promise<string> {
  const goMod = await readFile(join(sourceDir, 'go.mod'), 'utf8')
  return nameFerret(`${/FerretDB v(\S+)/.exec(goMod)?.[1]} on SQLite`)
}

const nameFerret = (version: string) => `FerretDB ${version} (stand-in for MongoDB)`
