import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { BatchSchema, RunSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { outcomes, type Outcome, type Sink } from '../batch.ts'
import { createHopMetrics } from '../metrics.ts'
import { measureSink } from './measure.ts'

const secondsAgo = (seconds: number) => BigInt(Date.now() - seconds * 1_000) * 1_000n
const batch = create(BatchSchema, {
  runs: [5, 60, 10].map((age) =>
    create(RunSchema, { origin: 'o', firstSeq: 1n, count: 1, firstTimeUs: secondsAgo(age) }),
  ),
})

function measured(write: Sink['write']) {
  const metrics = createHopMetrics('test', 'hop')
  const url = 'redis://somewhere:6379'
  const sink = { url, write, notReady: () => undefined, close: () => Promise.resolve() }
  /** By verdict, where there is one. */
  const series = async (name: string) => {
    const page = await metrics.registry.metrics()
    const found = page.matchAll(new RegExp(`^freshet_hop_${name}\\{(.*sink="redis".*)\\} (\\S+)$`, 'gm'))
    return Object.fromEntries(
      [...found].map(([, labels = '', value]) => [
        /verdict="(\w+)"/.exec(labels)?.[1] ?? 'all',
        Number(value),
      ]),
    )
  }
  return { sink: measureSink(sink, 'to', metrics), series }
}

test('what a sink answers is counted by verdict, from 0 on, and a write that throws has failed', async () => {
  const answers: (() => Promise<Outcome>)[] = [
    () => Promise.resolve(outcomes.stored()),
    () => Promise.resolve(outcomes.behind(4n)),
    () => Promise.reject(new Error('reset')),
  ]
  const { sink, series } = measured(() => answers.shift()!())
  const counts = (stored: number, failed: number, behind: number) => ({
    stored,
    failed,
    rejected: 0,
    gap: 0,
    behind,
  })
  assert.deepEqual(await series('attempts_total'), counts(0, 0, 0))
  await sink.write(batch)
  await sink.write(batch)
  await assert.rejects(sink.write(batch), /reset/)
  assert.deepEqual(await series('attempts_total'), counts(1, 1, 1))
})

test('freshness is the age of the oldest record, and only of what is stored', async () => {
  const answers = [outcomes.failed('away'), outcomes.stored()]
  const { sink, series } = measured(() => Promise.resolve(answers.shift()!))
  await sink.write(batch)
  assert.equal((await series('freshness_seconds_count'))['all'], 0)
  await sink.write(batch)
  assert.equal((await series('freshness_seconds_count'))['all'], 1)
  const seconds = (await series('freshness_seconds_sum'))['all']!
  assert.ok(seconds >= 60 && seconds < 62, String(seconds))
})

test('a batch is in flight until the sink has answered', async () => {
  let answer: (outcome: Outcome) => void = () => undefined
  const { sink, series } = measured(() => new Promise((resolve) => (answer = resolve)))
  const written = sink.write(batch)
  assert.equal((await series('in_flight_batches'))['all'], 1)
  answer(outcomes.stored())
  await written
  assert.equal((await series('in_flight_batches'))['all'], 0)
})
