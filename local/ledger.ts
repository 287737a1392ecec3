// The ledger as people read it.
import { colours } from './colours.ts'
import type { AuditReport } from './audit.ts'

export type Ledger = AuditReport & { sent?: number; accepted?: number; seconds?: number }

/** A table: what came in, what each store has, and the verdict. */
export function formatLedger(ledger: Ledger): string {
  const logged = ledger.kafka ?? ledger.mongodb
  const rows: [string, number | undefined, boolean][] = [
    ['sent', ledger.sent, true],
    ['accepted', ledger.accepted, ledger.sent === undefined || ledger.sent === ledger.accepted],
    ['in Kafka (distinct ids)', ledger.kafka, true],
    [
      ledger.kafka === undefined ? 'in MongoDB (the log)' : 'in MongoDB',
      ledger.mongodb,
      ledger.mongodb === logged,
    ],
    ['in Redis', ledger.redis, ledger.redis === logged],
    ['dead letters', ledger.deadLetters, true],
    ['repeated in Kafka', ledger.kafka === undefined ? undefined : ledger.repeats, true],
    ['unacknowledged', ledger.unacknowledged, true],
    ['lost', ledger.lost, ledger.lost === 0],
    ['doubled', ledger.doubled, ledger.doubled === 0],
  ]
  const lines = rows.flatMap(([name, value, good]) => {
    if (value === undefined) return []
    const text = value.toLocaleString('en-US').padStart(12)
    return [`  ${name.padEnd(24)}${good ? text : colours.red(text)}`]
  })
  const took =
    ledger.seconds === undefined
      ? ''
      : ` in ${ledger.seconds.toFixed(2)} s, from the first request until every store had all`
  const verdict = ledger.balanced ? colours.green(`balanced${took}`) : colours.red(`NOT balanced${took}`)
  return [
    'Ledger',
    ...lines,
    `  ${verdict}`,
    ...ledger.differences.map((line) => colours.red(`    ${line}`)),
  ].join('\n')
}
