// What provokes the alerts on a running pipeline, and mends it again. Causes that no pipeline has on this machine (the
// mesh's, a channel that overflows) are promtool's: `make test-rules`.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { readRows, type Row } from '../../loadtest/data-file.ts'
import { runLoad } from '../../loadtest/load.ts'
import { MAX_FRESHNESS_SECONDS, MAX_LAG_RECORDS } from '../../charts/monitoring/rules.ts'
import type { KafkaPipeline } from '../../pipelines/pipeline.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { createKafka, formatIdentity, IDENTITY_HEADER } from '../../services/lib/kafka.ts'
import { viewsOf } from '../../services/lib/views.ts'
import { projectRoot, type Session } from '../session.ts'

export type Provocation = {
  cause: string
  alerts: string[]
  /** Alarmed only once the cause is mended. */
  alertsAfter?: string[]
  provoke: () => Promise<void>
  mend: () => Promise<void>
  /** What it provokes stays: the counters have grown, the view is full. */
  lasting?: boolean
}

const LOAD_DEADLINE_MS = 60_000
const nothing = () => Promise.resolve()

export async function provocationsOf(pipeline: KafkaPipeline, session: Session): Promise<Provocation[]> {
  const { running, stack } = session
  const { schema } = loadEventType(pipeline.event)
  const { views, total } = viewsOf(schema, pipeline.name)
  const rows = await readRows(join(projectRoot, pipeline.rows))
  const post = async (
    posted: readonly Row[],
    requests: number,
    concurrence: number,
    timeoutMs = LOAD_DEADLINE_MS,
  ) => {
    const host = Object.values(running.intakes).map((url) => new URL(`${url}/input`))
    await runLoad({ host, rows: posted, requests, concurrence, timeoutMs })
  }
  const hops = Object.entries(pipeline.hops)
  const nameOf = (what: string, is: (hop: (typeof hops)[number][1]) => boolean) => {
    const found = hops.find(([, hop]) => is(hop))?.[0]
    if (found === undefined) throw new Error(`${pipeline.name} has no hop that ${what}`)
    return found
  }
  const writesTo = (store: string) => (hop: (typeof hops)[number][1]) =>
    hop.to.some((target) => 'store' in target && target.store === store)
  const archiver = nameOf(
    'reads the log into MongoDB',
    (hop) => 'group' in hop.from && writesTo('mongodb')(hop),
  )
  const publisher = nameOf('appends to Kafka', writesTo('kafka'))
  const kill = async (hop: string) => {
    running.processes[hop]!.kill('SIGKILL')
    await running.processes[hop]!.exited
  }
  let refused: Promise<void> = nothing()
  const append = async (messages: { value: Buffer; headers?: Record<string, string> }[]) => {
    const quiet = { debug() {}, info() {}, warn() {}, error() {} }
    const endpoint = {
      url: '',
      scheme: 'kafka',
      hosts: stack.kafkaBrokers.split(','),
      path: '',
      parameters: new Map<string, string>(),
    }
    const producer = createKafka(endpoint, 'freshet-provoke', quiet).producer()
    await producer.connect()
    await producer.send({
      topic: pipeline.topic.name,
      acks: -1,
      messages: messages.map((each) => ({ ...each, key: null, partition: 0 })),
    })
    await producer.disconnect()
  }
  const onRedis = async (command: string[]) => {
    const client = createClient({ url: stack.redisUrl })
    await client.connect()
    await client.sendCommand(command)
    client.destroy()
  }
  const count = views.find((view) => view.kind === 'count' && view.fields.length === 1)
  if (count?.kind !== 'count') throw new Error(`${pipeline.name} has no count of one field`)
  const field = count.fields[0]!
  const invented = Array.from({ length: count.maxKeys + 20 }, (_, n) => ({
    ...rows[0],
    [field.jsonName]: `Invented ${n}`,
  }))

  return [
    {
      cause: `${archiver} is killed while events come, and started again`,
      alerts: ['HopNotReady', 'Lag'],
      alertsAfter: ['NotFresh'],
      provoke: async () => {
        await kill(archiver)
        await post(rows, MAX_LAG_RECORDS + 2_000, 128)
        // Old enough when it comes back.
        await pause(MAX_FRESHNESS_SECONDS * 1_000 + 2_000)
      },
      mend: () => running.restart(archiver),
    },
    {
      cause: `${publisher} is killed while clients post`,
      alerts: ['IntakeRefuses'],
      provoke: async () => {
        await kill(publisher)
        refused = post(rows, 4_000, 64, 25_000)
      },
      mend: async () => {
        await running.restart(publisher)
        await refused
      },
    },
    {
      cause: 'Redis is frozen while events come',
      alerts: ['StoreAway', 'HopFails'],
      provoke: async () => {
        process.kill(stack.pids.redis!, 'SIGSTOP')
        await post(rows, 500, 16)
      },
      mend: () => Promise.resolve(void process.kill(stack.pids.redis!, 'SIGCONT')),
    },
    {
      cause: 'Redis loses seven of its events',
      alerts: ['LedgerOutOfBalance'],
      provoke: () => onRedis(['DECRBY', total, '7']),
      mend: () => onRedis(['INCRBY', total, '7']),
    },
    {
      cause: 'the log lacks numbers of an origin',
      alerts: ['GapInLog'],
      provoke: () => {
        const value = Buffer.from(loadEventType(pipeline.event).encode(rows[0]).bytes)
        const identity = formatIdentity('provoked', 0, 5n, BigInt(Date.now()) * 1_000n, 'provoke')
        return append([{ value, headers: { [IDENTITY_HEADER]: identity } }])
      },
      mend: nothing,
      lasting: true,
    },
    {
      cause: 'somebody appends what is no event',
      alerts: ['DeadLetters'],
      provoke: () => append([{ value: Buffer.from('{"no": "event"') }]),
      mend: nothing,
      lasting: true,
    },
    {
      cause: `clients post ${invented.length} invented values`,
      alerts: ['ViewFills', 'OtherCounted'],
      provoke: () => post(invented, invented.length, 16),
      mend: nothing,
      lasting: true,
    },
  ]
}
