// The interleavings of delivery-model.ts, first with the script as it is, then with one rule taken out of it: a model
// that cannot fail would show nothing.
//
//   RUNS=50000 node --test services/hop/sinks/view-script.it.ts
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { servers } from '../../../test/servers.ts'
import type { Play, Played } from './play.ts'
import { viewScript } from './view-script.ts'

const RUNS = Number(process.env['RUNS'] ?? 2_000)

/** What is taken out of the script, and what stands there then. */
const rules = {
  'the gap check': [`elseif missing and run.kind == 'dense' then gap = true end`, 'end'],
  // A probe is still refused, or the first one would end the log for good.
  'the position check': ['if first_offset > position then', 'if first_offset == 9007199254740991 then'],
  'the fence check': ['elseif run.first <= fence and run.first <= run.last then stale = true', ''],
  'the doubt of what was done': [`if run.kind == 'rest' and missing then stale = true`, 'if false then'],
} as const

/** Plays RUNS interleavings, or as many as it takes to find a mistake. */
async function play(script: string, workers: number): Promise<Played> {
  const results = Array.from({ length: workers }, async (_, n): Promise<Played> => {
    const workerData: Play = { redisUrl: servers.redisUrl, script, first: n + 1, every: workers, runs: RUNS }
    const worker = new Worker(new URL('delivery-model.ts', import.meta.url), { workerData })
    const [played] = (await once(worker, 'message')) as [Played]
    return played
  })
  const all = await Promise.all(results)
  return {
    runs: all.reduce((sum, { runs }) => sum + runs, 0),
    mistake: all.find(({ mistake }) => mistake)?.mistake,
  }
}

test(`after ${RUNS} random interleavings every view equals the log`, async () => {
  assert.deepEqual(await play(viewScript, 2), { runs: RUNS, mistake: undefined })
})

for (const [rule, [text, instead]] of Object.entries(rules)) {
  test(`without ${rule} a view is found wrong`, async (t) => {
    assert.equal(viewScript.split(text).length, 2, `the script does not hold "${text}" once`)
    const { runs, mistake } = await play(viewScript.replace(text, instead), 1)
    assert.ok(mistake, `${runs} runs, and every view was right`)
    t.diagnostic(`${runs} runs: ${mistake}`)
  })
}
