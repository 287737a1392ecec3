// What the end-to-end tests share: a running pipeline, load on it, and the audit at the end.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import type { AuditReport, Stores } from '../local/audit.ts'
import { startPipeline, type RunningPipeline, type RunOptions } from '../local/pipeline.ts'
import { projectRoot } from '../local/session.ts'
import { readRows, type Row } from '../loadtest/data-file.ts'
import { runLoad } from '../loadtest/load.ts'
import type { KafkaPipeline, Pipeline } from '../pipelines/pipeline.ts'
import { pipeline as weather } from '../pipelines/weather.ts'
import { assertBalanced } from './balanced.ts'
import { defer } from './defer.ts'
import { servers } from './servers.ts'
import { uniquePipeline } from './unique-pipeline.ts'

export const stores: Stores = {
  kafkaBrokers: servers.kafkaBrokers,
  redisUrl: servers.redisUrl,
  mongoUrl: servers.mongoUrl,
}

/** Until a load runs evenly. */
export const WARM_UP_MS = 500
/** Long enough for a client and a hop to notice, and for the queue to grow. */
export const OUTAGE_MS = 300
const LOAD_DEADLINE_MS = 60_000

export type Started<P extends Pipeline = Pipeline> = {
  pipeline: P
  running: RunningPipeline
  lines: string[]
  /** Posts events at a rate, to every intake in turn or to the one named, until `during` is done; resolves with the ids that were accepted. */
  load: (
    options: { requests: number; rate: number; intake?: string; onAccepted?: (id: string) => void },
    during: () => Promise<void>,
  ) => Promise<Set<string>>
  /** Waits until the stores have what the log has, and audits; fails the test when anything differs. */
  assertBalanced: (accepted: Set<string>) => Promise<AuditReport>
}

/** Kills a hop in the middle of a load, and starts it again after an outage. */
export async function killAndRestart(running: RunningPipeline, hop: string): Promise<void> {
  await pause(WARM_UP_MS)
  running.processes[hop]!.kill('SIGKILL')
  await running.processes[hop]!.exited
  await pause(OUTAGE_MS)
  await running.restart(hop)
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
    async load({ requests, rate, intake, onAccepted }, during) {
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
          onAccepted(id) {
            accepted.add(id)
            onAccepted?.(id)
          },
        }),
        during(),
      ])
      assert.equal(report.accepted, accepted.size, 'an id was given twice')
      return accepted
    },
    assertBalanced(accepted) {
      return assertBalanced(pipeline, on, accepted, () => lines.slice(-30).join('\n'))
    },
  }
}
