// The interleavings of log-model.ts, first with the rules as they are, then with one of them broken: a model that
// cannot fail would show nothing.
//
//   RUNS=50000 node --test services/hop/sources/log-looks.it.ts
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { servers } from '../../../test/servers.ts'
import type { Play, Played } from '../sinks/play.ts'
import { viewScript } from '../sinks/view-script.ts'

const RUNS = Number(process.env['RUNS'] ?? 1_000)

async function play(script: string, workers: number, broken?: string): Promise<Played> {
  const results = Array.from({ length: workers }, async (_, n): Promise<Played> => {
    const { redisUrl } = servers
    const workerData: Play = { redisUrl, script, first: n + 1, every: workers, runs: RUNS, broken }
    const worker = new Worker(new URL('log-model.ts', import.meta.url), { workerData })
    const [played] = (await once(worker, 'message')) as [Played]
    return played
  })
  const all = await Promise.all(results)
  return {
    runs: all.reduce((sum, { runs }) => sum + runs, 0),
    mistake: all.find(({ mistake }) => mistake)?.mistake,
  }
}

test(`after ${RUNS} random interleavings every view equals the log in MongoDB`, async () => {
  assert.deepEqual(await play(viewScript, 2), { runs: RUNS, mistake: undefined })
})

for (const [rule, why] of [
  ['overlap', 'reading again what was stored shortly before'],
  ['grace', 'waiting before a gap is believed'],
  ['marks', 'a position that moves with each batch'],
] as const) {
  test(`without ${why} a view is found wrong`, async (t) => {
    const { runs, mistake } = await play(viewScript, 1, rule)
    assert.ok(mistake, `${runs} runs, and every view was right`)
    t.diagnostic(`${runs} runs: ${mistake}`)
  })
}

test('without the position check a view is found wrong', async (t) => {
  const [text, instead] = ['if first_offset > position then', 'if first_offset == 9007199254740991 then']
  assert.equal(viewScript.split(text).length, 2, `the script does not hold "${text}" once`)
  const { runs, mistake } = await play(viewScript.replace(text, instead), 1)
  assert.ok(mistake, `${runs} runs, and every view was right`)
  t.diagnostic(`${runs} runs: ${mistake}`)
})
