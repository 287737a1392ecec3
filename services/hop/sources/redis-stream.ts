// Reads the streams of a pipeline as one of its groups. One reader a group is active, by a lease; what it read is
// acknowledged when the sinks have it, and read again by the next reader when it dies before. Sinks know an event
// by its id or number, so reading twice is harmless.
import { fromBinary } from '@bufbuild/protobuf'
import { randomUUID } from 'node:crypto'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import {
  bytesOf,
  joinBatches,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  recordsOf,
  Verdict,
  type Batch,
  type Deliver,
  type Source,
} from '../batch.ts'
import type { HopMetrics } from '../metrics.ts'
import { openRedis, scriptRunner } from '../redis-connection.ts'
import {
  acknowledgeScript,
  claimScript,
  leaseKey,
  releaseScript,
  stateKey,
  streamKey,
} from '../redis-streams.ts'
import { mistakeOf } from './link.ts'

/** How long a killed reader holds the streams; above the deadline of one call. */
const LEASE_MS = 6_000
const RENEW_MS = 1_500
/** How long a standing-by reader, or one that met a mistake, waits. */
const PAUSE_MS = 500
/** How long a read waits for entries; below the deadline of one call. */
const BLOCK_MS = 500
/** Entries of each stream in one read: at most 16 MiB each at the largest batch that an intake makes. */
const READ_ENTRIES = 16
/** Why an entry is lost. */
const NO_BATCH = 'an entry that is no batch'

export type StreamReader = { pipeline: string; partitions: number }

/** `deliver` tries until the sinks have a batch, the hop ends or the lease is lost. */
export function createRedisStreamSource(
  endpoint: Endpoint,
  { pipeline, partitions }: StreamReader,
  deliver: Deliver,
  log: Log,
  metrics: Pick<HopMetrics, 'dropped'>,
): Source {
  const group = endpoint.parameters.get('group')!
  const me = randomUUID()
  const lease = leaseKey(pipeline, group)
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  const streams = all.map((partition) => streamKey(pipeline, partition))
  const states = all.map((partition) => stateKey(pipeline, partition))
  // A blocking read holds up its connection, so renewals have their own.
  const [reading, telling] = [openRedis(endpoint.hosts[0]!, log), openRedis(endpoint.hosts[0]!, log)]
  const runScript = scriptRunner(telling.call)
  const claim = () =>
    runScript(claimScript, [lease, ...states], [me, String(LEASE_MS), group]) as Promise<string[] | null>
  let closing = false
  let standing: string | undefined = 'not connected yet'
  let wake: () => void = () => undefined
  // A series begins at 0, so that the first one is seen as growth.
  metrics.dropped.inc({ reason: NO_BATCH }, 0)
  /** Aborted when the lease is lost, or not wanted any more: the streams keep what is not delivered. */
  let lost = new AbortController()

  /** Delivers what was read of one stream, in order; answers the last entry that the sinks have. */
  const deliverAll = async (entries: Entry[], lost: AbortSignal): Promise<Done | undefined> => {
    let done: Done | undefined
    for (const { batch, last } of joined(entries)) {
      if (batch) {
        const { verdict } = await deliver(batch, lost)
        if (verdict !== Verdict.STORED) return done
      } else {
        metrics.dropped.inc({ reason: NO_BATCH })
        log.error('an entry of a stream is no batch; it is stepped over', { id: last.id })
      }
      done = last
    }
    return done
  }

  const readWhileHeld = async (ids: string[], lost: AbortSignal) => {
    while (!closing && !lost.aborted) {
      const command = ['XREAD', 'COUNT', String(READ_ENTRIES), 'BLOCK', String(BLOCK_MS), 'STREAMS']
      const reply = (await reading.callForBytes([...command, ...streams, ...ids])) as Reply | null
      if (!reply) continue
      const keys: string[] = []
      const args: string[] = []
      await Promise.all(
        reply.map(async ([key, raw]) => {
          const partition = streams.indexOf(key.toString())
          const done = await deliverAll(raw.map(entryOf), lost)
          if (!done) return
          ids[partition] = done.id
          keys.push(streams[partition]!, states[partition]!)
          args.push(done.id, done.end)
        }),
      )
      if (keys.length === 0) return
      const mine = await runScript(acknowledgeScript, [lease, ...keys], [me, group, ...args])
      if (mine !== 1) return
    }
  }

  const hold = async (ids: string[]) => {
    lost = new AbortController()
    const mine = lost
    let heldUntil = performance.now() + LEASE_MS
    const renew = async () => {
      const asked = performance.now()
      try {
        if (await claim()) heldUntil = asked + LEASE_MS
        else mine.abort()
      } catch (cause) {
        log.warn('could not renew the lease', { group, cause: reasonOf(cause) })
      }
      if (performance.now() > heldUntil) mine.abort()
    }
    const timer = setInterval(() => void renew(), RENEW_MS)
    try {
      await readWhileHeld(ids, mine.signal)
    } finally {
      clearInterval(timer)
    }
  }

  const work = async () => {
    while (!closing) {
      try {
        const ids = await claim()
        standing = ids ? undefined : 'stands by; another reader has the lease'
        if (ids) {
          log.info('reads the streams', { group, partitions })
          await hold(ids)
          if (closing) return
        }
      } catch (cause) {
        standing = reasonOf(cause)
        if (!closing) log.warn('reads the streams again', { group, cause: standing })
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, PAUSE_MS)
      })
    }
  }
  const working = work()

  return {
    notReady: () =>
      standing === undefined || standing.startsWith('stands by') ? undefined : `${endpoint.url}: ${standing}`,
    async close() {
      closing = true
      lost.abort()
      wake()
      await working
      try {
        // So that the next reader need not wait until the lease expires.
        await runScript(releaseScript, [lease], [me])
      } catch (cause) {
        log.warn('could not give the lease back', { group, cause: reasonOf(cause) })
      }
      reading.close()
      telling.close()
    },
  }
}

type Reply = [stream: Buffer, entries: RawEntry[]][]
type RawEntry = [id: Buffer, fields: Buffer[]]
/** An entry that the sinks have; `end` as in the stream's state. */
type Done = { id: string; end: string }
type Entry = { batch: Batch | undefined; last: Done }

/** `batch` is absent when the entry holds none that can be delivered. */
function entryOf([id, fields]: RawEntry): Entry {
  const valueOf = (name: string) => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field.toString() === name)
    return at < 0 ? undefined : fields[at + 1]
  }
  const last = { id: id.toString(), end: valueOf('end')?.toString() ?? '0' }
  try {
    const batch = fromBinary(BatchSchema, valueOf('batch') ?? new Uint8Array())
    return { batch: mistakeOf(batch) || batch.log ? undefined : batch, last }
  } catch {
    return { batch: undefined, last }
  }
}

/** Joins neighbours into batches of useful size. */
function joined(entries: Entry[]): Entry[] {
  const list: Entry[] = []
  for (const { batch, last } of entries) {
    const before = list.at(-1)
    const fits =
      before?.batch &&
      batch &&
      recordsOf(before.batch) + recordsOf(batch) <= MAX_BATCH_RECORDS &&
      bytesOf(before.batch) + bytesOf(batch) <= MAX_BATCH_BYTES
    if (fits) Object.assign(before, { batch: joinBatches([before.batch!, batch]), last })
    else list.push({ batch, last })
  }
  return list
}
