// What the end-to-end tests share: a running pipeline, load on it, and the audit at the end.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { audit, type AuditReport, type Stores } from '../local/audit.ts'
import { waitUntilDrained } from '../local/drained.ts'
import { startPipeline, type RunningPipeline, type RunOptions } from '../local/pipeline.ts'
import { projectRoot } from '../local/session.ts'
import { readRows, type Row } from '../loadtest/data-file.ts'
import { runLoad } from '../loadtest/load.ts'
import type { KafkaPipeline, Pipeline } from '../pipelines/pipeline.ts'
import { pipeline as weather } from '../pipelines/weather.ts'
import { defer } from './defer.ts'
import { servers } from './servers.ts'
import { uniquePipeline } from './unique-pipeline.ts'

export const stores: Stores = {
  kafkaBrokers: servers.kafkaBrokers,
  redisUrl: servers.redisUrl,
  mongoUrl: servers.mongoUrl,
}

const LOAD_DEADLINE_MS = 60_000
const DRAIN_DEADLINE_MS = 60_000

export type Started<P extends Pipeline = Pipeline> = {
  pipeline: P
  running: RunningPipeline
  lines: string[]
  /** Posts events at a rate, to every intake in turn or to the one named, until `during` is done; resolves with the ids that were accepted. */
  load: (
    options: { requests: number; rate: number; intake?: string },
    during: () => Promise<void>,
  ) => Promise<Set<string>>
  /** Waits until the stores have what the log has, and audits; fails the test when anything differs. */
  assertBalanced: (accepted: Set<string>) => Promise<AuditReport>
}

/** Starts a weather pipeline of its own; it stops with the test. */
export function startWeather(t: TestContext, on: Stores = stores): Promise<Started<KafkaPipeline>> {
  return startOwn(t, weather, on)
}

/** Starts a pipeline like another one, under a name of its own; it stops with the test. */
export async function startOwn<P extends Pipeline>(
  t: TestContext,
  like: P,
  on: Stores = stores,
  programs?: RunOptions['programs'],
  env: Record<string, string> = {},
): Promise<Started<P>> {
  const rows: Row[] = await readRows(join(projectRoot, like.rows))
  const pipeline = uniquePipeline(like)
  const lines: string[] = []
  const running = await startPipeline(pipeline, on, {
    log: (line) => lines.push(line),
    env,
    ...(programs ? { programs } : {}),
  })
  defer(t, () => running.stop())
  return {
    pipeline,
    running,
    lines,
    async load({ requests, rate, intake }, during) {
      const accepted = new Set<string>()
      const [report] = await Promise.all([
        runLoad({
          host: Object.entries(running.intakes).flatMap(([name, url]) =>
            intake === undefined || intake === name ? [new URL(`${url}/input`)] : [],
          ),
          rows,
          requests,
          rate,
          concurrence: 32,
          timeoutMs: LOAD_DEADLINE_MS,
          onAccepted: (id) => accepted.add(id),
        }),
        during(),
      ])
      assert.equal(report.accepted, accepted.size, 'an id was given twice')
      return accepted
    },
    async assertBalanced(accepted) {
      await waitUntilDrained(pipeline, on, accepted.size, DRAIN_DEADLINE_MS)
      // What was logged without an answer is still on its way when the accepted are there.
      const deadline = Date.now() + DRAIN_DEADLINE_MS
      for (;;) {
        const ledger = await audit(pipeline, on, accepted)
        if (ledger.balanced || Date.now() > deadline) {
          assert.deepEqual(ledger.differences, [], lines.slice(-30).join('\n'))
          assert.equal(ledger.lost, 0)
          assert.equal(ledger.doubled, 0)
          assert.equal(ledger.deadLetters, 0)
          return ledger
        }
      }
    },
  }
}
