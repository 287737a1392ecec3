import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { closedAddress, startIntake } from './intake-fixture.ts'
import type { LoadReport } from './report.ts'

const folder = mkdtempSync(join(tmpdir(), 'freshet-run-'))
after(() => rmSync(folder, { recursive: true }))
const data = join(folder, 'data.json')
writeFileSync(
  data,
  JSON.stringify([
    { text: 'llueve', country: 'Guatemala' },
    { texto: 'sol', pais: 'Perú' },
  ]),
)

type Ran = { code: number | null; out: string; err: string }

async function run(args: string[], onErr?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ran> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('run.ts', import.meta.url)), ...args])
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.on('data', (chunk) => (ran.out += String(chunk)))
  child.stderr.on('data', (chunk) => {
    ran.err += String(chunk)
    onErr?.((signal) => child.kill(signal))
  })
  ran.code = await new Promise((resolve) => child.on('close', resolve))
  return ran
}

test('the command sends all, prints the table, writes the report and exits 0', async (t) => {
  const intake = await startIntake(t)
  const json = join(folder, 'report.json')
  const args = [
    '-f',
    data,
    '--concurrence',
    '10',
    '-n',
    '200',
    '--timeout',
    '1m',
    '--host',
    intake.url.origin,
  ]
  const { code, out } = await run([...args, '--json', json])
  assert.equal(code, 0)
  assert.equal(intake.bodies.length, 200)
  assert.match(out, /^sent +200\naccepted \(202\) +200\nrefused +0\nerrors +0\nseconds/)
  assert.match(out, /p50 +p90 +p99 +p99\.9 +max/)
  const report = JSON.parse(await readFile(json, 'utf8')) as LoadReport & { engine: string }
  assert.deepEqual([report.engine, report.sent, report.accepted, report.left], ['net', 200, 200, 0])
})

test('anything not accepted makes the exit code 1', async (t) => {
  const intake = await startIntake(t, (nth, _request, response) => {
    if (nth === 7) response.writeHead(400).end()
    return nth === 7
  })
  const { code, out, err } = await run(['-f', data, '-n', '50', '--host', intake.url.href])
  assert.equal(code, 1)
  assert.match(out, /refused +1\n {2}400 +1\n/)
  assert.match(err, /run: 1 of 50 were not accepted/)
})

test('the timeout stops the run, says how many were left and exits 1', async (t) => {
  const intake = await startIntake(t, (nth) => nth > 30)
  const { code, out, err } = await run(['-f', data, '-n', '100', '-t', '500ms', '--host', intake.url.href])
  assert.equal(code, 1)
  assert.match(err, /run: stopped at the timeout of 0\.5s, 60 of 100 requests were left/)
  assert.match(out, /unanswered +10\n/)
})

test('Ctrl-C prints what is known and exits 130', async (t) => {
  const intake = await startIntake(t, (nth) => nth > 30)
  let stopped = false
  const { code, out, err } = await run(['-f', data, '-n', '100', '--host', intake.url.href], (kill) => {
    if (stopped) return
    stopped = true
    const poll = setInterval(() => {
      if (intake.bodies.length < 40) return
      clearInterval(poll)
      kill('SIGINT')
    }, 10)
  })
  assert.equal(code, 130)
  assert.match(out, /accepted \(202\) +30\n/)
  assert.match(err, /run: interrupted, 60 of 100 requests were left/)
})

test('bad usage and bad data exit 2 and send nothing', async (t) => {
  const intake = await startIntake(t)
  const usage = await run(['-n', '0', '--host', 'nowhere'])
  assert.equal(usage.code, 2)
  assert.match(usage.err, /-f FILE is missing[^]*--host must be a URL[^]*--requests must be[^]*run --help/)
  const bad = join(folder, 'bad.json')
  writeFileSync(bad, '[\n  {"text": "a",}\n]')
  const wrong = await run(['-f', bad, '--host', intake.url.href])
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /bad\.json:2:16: a comma stands before }/)
  const unwritable = await run([
    '-f',
    data,
    '--host',
    intake.url.href,
    '--json',
    join(folder, 'no/such.json'),
  ])
  assert.equal(unwritable.code, 2)
  assert.equal(intake.bodies.length, 0)
})

test('without an intake the message names the address and the exit code is 1', async () => {
  const host = await closedAddress()
  const { code, err } = await run(['-f', data, '--host', host.href])
  assert.equal(code, 1)
  assert.ok(err.includes(`run: no intake answers at ${host.href} (connection refused)`), err)
})

test('a missed expectation makes the exit code 3, one about refusals decides about them', async (t) => {
  const intake = await startIntake(t, (nth, _request, response) => {
    if (nth % 10 === 0) response.writeHead(503).end()
    return nth % 10 === 0
  })
  const args = ['-f', data, '-n', '100', '--host', intake.url.href]
  const strict = await run([...args, '--expect', 'errors<5%', '--expect', 'p99<1m'])
  assert.equal(strict.code, 3)
  assert.match(strict.out, /errors<5% +10 +MISSED\np99<1m .* met\n/)
  assert.equal((await run([...args, '--expect', 'errors<=10%'])).code, 0)
  assert.equal((await run([...args, '--expect', 'p99<1m'])).code, 1)
})

test('several hosts have their turns, side by side in the end, in a report and on a page', async (t) => {
  const [one, other] = [await startIntake(t), await startIntake(t)]
  const hosts = ['--host', one.url.href, '--host', other.url.href]
  const [json, html] = [join(folder, 'several.json'), join(folder, 'several.html')]
  const args = ['-f', data, '--stages', '1s:50,1200ms:50', ...hosts, '--rounds', '2']
  const { code, out } = await run([...args, '--json', json, '--html', html])
  assert.equal(code, 0)
  assert.deepEqual([one.bodies.length, other.bodies.length], [170, 170])
  assert.equal(out.split('\n').filter((line) => line.startsWith(one.url.href)).length, 2)
  const { runs } = JSON.parse(await readFile(json, 'utf8')) as { runs: (LoadReport & { host: string })[] }
  assert.deepEqual(
    runs.map(({ host, accepted, eachSecond }) => [host, accepted, eachSecond.length]),
    [one, other, one, other].map(({ url }) => [url.href, 85, 2]),
  )
  const page = await readFile(html, 'utf8')
  assert.equal(page.match(/<path class="whisker"/g)?.length, 3 * 4)
  assert.match(page, /85 of 85/)
  assert.doesNotMatch(page, /(src|href)="(?!data:)/)
})

test('against a baseline each figure is better, worse or within the noise', async (t) => {
  const intake = await startIntake(t)
  const json = join(folder, 'baseline.json')
  const args = ['-f', data, '--rate', '40', '-n', '180', '--host', intake.url.href]
  assert.equal((await run([...args, '--json', json])).code, 0)
  const { code, out } = await run([...args, '--baseline', json])
  assert.equal(code, 0)
  assert.match(out, /accepted, \/s +40 +40 .*within the noise/)
  const none = await run([...args, '--baseline', data])
  assert.equal(none.code, 2)
  assert.match(none.err, /--baseline .* is no report of seconds/)
})
