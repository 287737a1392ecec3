// Reads the topic that the hop under test appends to, record by record.
import { openKafkaLog } from '../../services/query/kafka-log.ts'
import { IDENTITY_HEADER, parseIdentity } from '../../services/lib/kafka.ts'
import { eventId } from '../../services/lib/views.ts'
import { createRecord, type Observer } from './observer.ts'
import { quiet } from './quiet.ts'

const READ_DEADLINE_MS = 10_000

export function openKafkaObserver(broker: string, topic: string): Observer {
  const endpoint = { url: '', scheme: 'kafka', hosts: [broker], path: topic, parameters: new Map() }
  const log = openKafkaLog(endpoint, quiet)
  const { seen, add } = createRecord()
  const next = new Map<number, bigint>()
  return {
    async look() {
      for (const [partition, { high }] of await log.bounds()) {
        const from = next.get(partition) ?? 0n
        if (from >= high) continue
        const late = AbortSignal.timeout(READ_DEADLINE_MS)
        let after = from
        await log.find(
          partition,
          from,
          high,
          ({ headers, offset }) => {
            after = BigInt(offset) + 1n
            const identity = parseIdentity(headers?.[IDENTITY_HEADER])
            if (identity) add(eventId(identity.origin, identity.partition, identity.seq))
            return false
          },
          late,
        )
        // A fetch may end empty before it has come so far.
        next.set(partition, after)
      }
      return seen
    },
    close: () => log.close(),
  }
}
