import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Metafile } from 'esbuild'
import { image, programs, userId } from '../pipelines/images.ts'
import { bundle } from './bundle.ts'

const dockerfile = readFileSync(new URL('Dockerfile', import.meta.url), 'utf8')
let dir: string
let outputs: Metafile['outputs']
// Outside the project, so that no node_modules is in reach.
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'freshet-bundle-'))
  outputs = (await bundle(dir)).outputs
})
after(() => rm(dir, { recursive: true, force: true }))

const runThere = (...args: string[]) =>
  spawnSync(process.execPath, args, { cwd: dir, env: {}, encoding: 'utf8', timeout: 20_000 })

test('every source that the Dockerfile copies is in the bundle, and every Linux file of the bundle is copied', () => {
  const copies = dockerfile.split('\n').filter((line) => line.startsWith('COPY '))
  const patterns = copies.flatMap((line) => line.split(/\s+/).slice(1, -1))
  const copied = patterns.flatMap((pattern) => {
    const found = globSync(pattern, { cwd: dir })
    assert.ok(found.length > 0, pattern)
    return found
  })
  const all = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  const wanted = all.filter((file) => file !== 'bin' && !/_(darwin|win32)_/.test(file))
  assert.deepEqual(copied.toSorted(), wanted.toSorted())
  for (const architecture of ['x64', 'arm64'])
    assert.ok(copied.includes(join('bin', `uws_linux_${architecture}_127.node`)), architecture)
})

test('the image has the version of package.json, runs as the user that manifests name, and holds the programs', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  assert.equal(image, `freshet:${version}`)
  assert.match(dockerfile, new RegExp(`^USER ${userId}:${userId}$`, 'm'))
  const workdir = /^WORKDIR (.*)$/m.exec(dockerfile)?.[1]
  for (const program of Object.values(programs)) {
    assert.equal(program, `${workdir}/${basename(program)}`)
    assert.ok(readdirSync(dir).includes(basename(program)), program)
  }
})

for (const [name, flag] of [
  ['hop', '--from'],
  ['query', '--listen'],
] as const) {
  test(`${name} starts without node_modules and environment, and says what its arguments lack with exit code 2`, () => {
    const { status, stdout, stderr } = runThere(`${name}.mjs`)
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, new RegExp(`^error: ${flag}:? is missing$`, 'm'))
    for (const line of stderr.trimEnd().split('\n')) assert.match(line, /^error: --/)
    const help = runThere(`${name}.mjs`, '--help')
    assert.equal(help.status, 0, help.stderr)
    assert.match(help.stdout, new RegExp(flag))
  })
}

test('run starts without node_modules and environment, and says with exit code 2 that its file is missing', () => {
  const { status, stderr } = runThere('run.mjs')
  assert.equal(status, 2, stderr)
  assert.match(stderr, /^run: -f FILE is missing/m)
  assert.match(runThere('run.mjs', '--help').stdout, /--concurrence/)
})

test('every file of the bundle finds what it imports, node_modules or not', () => {
  const files = readdirSync(dir).filter(
    (file) => file.endsWith('.mjs') && !/^(hop|query|run)\.mjs$/.test(file),
  )
  assert.ok(files.length > 10)
  const code = files.map((file) => `await import('./${file}')`).join('\n')
  const { status, stderr } = runThere('--input-type=module', '--eval', code)
  assert.equal(status, 0, stderr)
})

test('a hop loads the libraries of its own endpoints only', () => {
  const heavy = [
    'kafkajs',
    'mongodb',
    'redis',
    '@redis/client',
    '@grpc/grpc-js',
    '@connectrpc/connect-node',
    '@opentelemetry/sdk-trace',
    '@opentelemetry/exporter-trace-otlp-http',
  ]
  const entry = (source: string) => {
    const found = Object.keys(outputs).find((file) => outputs[file]!.entryPoint === source)
    assert.ok(found, source)
    return heavy.filter((library) => loadedWith(found).has(library))
  }
  assert.deepEqual(entry('services/hop/main.ts'), [])
  assert.deepEqual(entry('services/hop/sources/http.ts'), [])
  assert.deepEqual(entry('services/hop/sinks/kafka.ts'), ['kafkajs'])
  assert.deepEqual(entry('services/hop/sources/kafka.ts'), ['kafkajs'])
  assert.deepEqual(entry('services/hop/sinks/mongodb.ts'), ['mongodb'])
  assert.deepEqual(entry('services/hop/sinks/grpc-js.ts'), ['@grpc/grpc-js'])
  assert.deepEqual(entry('services/hop/sinks/grpc-connect.ts'), ['@connectrpc/connect-node'])
  assert.ok(!entry('services/hop/sinks/redis.ts').includes('kafkajs'))
  assert.deepEqual(entry('services/hop/tracing.ts'), heavy.slice(-2))
})

/** The packages of a file and of all that it imports at once. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>()
  if (seen.has(file)) return packages
  seen.add(file)
  const { inputs, imports } = outputs[file]!
  for (const path of Object.keys(inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
    if (name) packages.add(name)
  }
  for (const { path, kind, external } of imports)
    if (kind === 'import-statement' && !external)
      for (const name of loadedWith(path, seen)) packages.add(name)
  return packages
}

test('the licence of every library that is in the bundle is there', () => {
  const text = readFileSync(join(dir, 'LICENSES.txt'), 'utf8')
  for (const name of [
    'kafkajs',
    'mongodb',
    '@redis/client',
    '@grpc/grpc-js',
    'prom-client',
    'uws-pack',
    'react',
    'uplot',
  ])
    assert.match(text, new RegExp(`^${name} \\d.*: \\S`, 'm'))
  assert.doesNotMatch(text, /undefined/)
})
