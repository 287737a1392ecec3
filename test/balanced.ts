// The end of every test under load: the stores have what was accepted, once, and nothing else.
import assert from 'node:assert/strict'
import { audit, type AuditReport, type Stores } from '../local/audit.ts'
import { waitUntilDrained } from '../local/drained.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'

const DRAIN_DEADLINE_MS = 60_000

/** Waits until the stores have what the log has, and audits; a failure ends with what `context` says. */
export async function assertBalanced(
  pipeline: Pipeline,
  stores: Stores,
  accepted: ReadonlySet<string>,
  context: () => string = () => '',
): Promise<AuditReport> {
  await waitUntilDrained(pipeline, stores, accepted.size, DRAIN_DEADLINE_MS)
  // What was logged without an answer is still on its way when the accepted are there.
  const deadline = Date.now() + DRAIN_DEADLINE_MS
  for (;;) {
    const ledger = await audit(pipeline, stores, accepted)
    if (!ledger.balanced && Date.now() <= deadline) continue
    assert.deepEqual(ledger.differences, [], context())
    assert.equal(ledger.lost, 0)
    assert.equal(ledger.doubled, 0)
    assert.equal(ledger.deadLetters, 0)
    return ledger
  }
}
