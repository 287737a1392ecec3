// Posts an event on a warm connection, and collects what is known of its way.
import { setTimeout as pause } from 'node:timers/promises'
import { Connection, encodeRequest, type Outcome } from '../../loadtest/client.ts'
import type { Row } from '../../loadtest/data-file.ts'
import type { Pipeline } from '../../pipelines/pipeline.ts'
import { hopsFrom, readTotals, storesOf, type Totals } from './passages.ts'
import { watchReceipt } from './receipt.ts'
import type { Running } from './running.ts'
import { wayOf, type Posted, type Way } from './way.ts'

/** The first events of a connection, a partition and cold programs show what starting costs. */
const WARM_UPS = 2
const STORED_DEADLINE_MS = 15_000
const METRICS_POLL_MS = 20

export type Followed = Way & { intake: string; warmUps: number }

export async function followEvent(pipeline: Pipeline, running: Running, row: Row): Promise<Followed> {
  const { intake, queryUrl, admins } = running
  const reached = [...hopsFrom(pipeline, intake)].filter((hop) => hop in admins)
  const stores = storesOf(pipeline, reached)
  const post = openPoster(new URL(`${running.intakeUrl}/input`))
  try {
    const atStart = await readTotals(admins)
    for (let n = 0; n < WARM_UPS; n++) {
      const { id } = await post(row)
      await watchReceipt(queryUrl, id, stores, STORED_DEADLINE_MS)
    }
    const before = await waitForRecords(admins, atStart, reached, WARM_UPS)
    const posted = await post(row)
    const watched = await watchReceipt(queryUrl, posted.id, stores, STORED_DEADLINE_MS)
    const after = await waitForRecords(admins, before, reached, 1)
    const facts = {
      pipeline,
      intake,
      posted,
      watched,
      before,
      after,
      reached,
      stores,
      waitedMs: STORED_DEADLINE_MS,
    }
    return { ...wayOf(facts), intake, warmUps: WARM_UPS }
  } finally {
    post.close()
  }
}

/** Posts on one connection that stays open. Rejects when the answer is not 202. */
function openPoster(url: URL) {
  let settle: (outcome: Outcome) => void = () => {}
  const connection = new Connection(url, (outcome) => settle(outcome))
  const post = async (row: Row): Promise<Posted> => {
    const answered = new Promise<Outcome>((resolve) => (settle = resolve))
    connection.send(encodeRequest(url, JSON.stringify(row)))
    const late = setTimeout(() => connection.fail('timeout'), STORED_DEADLINE_MS)
    const outcome = await answered
    clearTimeout(late)
    const answeredAt = performance.now()
    if (!('status' in outcome)) throw new Error(`${url.href}: ${outcome.error}`)
    if (outcome.status !== 202) throw new Error(`${url.href} answered ${outcome.status}: ${outcome.body}`)
    return {
      id: (JSON.parse(outcome.body) as { id: string }).id,
      writtenAt: connection.writtenAt,
      answeredAt,
    }
  }
  return Object.assign(post, { close: () => connection.close() })
}

/** Waits until each hop has `records` more than `since`; returns what they have then, or at the deadline. */
async function waitForRecords(
  admins: Record<string, string>,
  since: Record<string, Totals>,
  hops: string[],
  records: number,
): Promise<Record<string, Totals>> {
  for (const deadline = performance.now() + STORED_DEADLINE_MS; ; await pause(METRICS_POLL_MS)) {
    const now = await readTotals(admins)
    const have = hops.every((hop) => now[hop]!.records - since[hop]!.records >= records)
    if (have || performance.now() > deadline) return now
  }
}
