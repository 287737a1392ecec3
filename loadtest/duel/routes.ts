// The ways from the intake to the log that are compared. Behind the log all are the same.
import type { Process } from '../../local/processes.ts'
import { endpointsOf, startHop, type HopOptions } from '../bench/programs.ts'
import type { Defer } from '../bench/releases.ts'
import type { Duel } from './duel.ts'
import { startOneByOne, type OneByOne } from './one-by-one.ts'

type Link = {
  title: string
  /** What the intake listens on. */
  intake?: string
  /** What the receiver reads from; where the intake sends to. */
  from: (redis: string) => string
  to: (receiver: string, redis: string) => string
}

const listening = (scheme: string, parameters = '') => ({
  from: () => scheme,
  to: (receiver: string) => `${scheme}://${receiver}${parameters}`,
})

/** With group commit: what waits travels together, and is appended together. */
const links = {
  grpc: { title: 'gRPC, connect-node', ...listening('grpc') },
  'grpc-js': { title: 'gRPC, grpc-js', ...listening('grpc', '?client=grpc-js') },
  connect: { title: 'Connect, HTTP/1.1', ...listening('connect') },
  ws: { title: 'WebSocket', ...listening('ws') },
  http: { title: 'HTTP', ...listening('hop-http') },
  wasm: { title: 'Wasm over HTTP', intake: 'http?encode=wasm', ...listening('hop-http') },
  'redis-pubsub': {
    title: 'Redis pub/sub',
    from: (redis: string) => `redis-pubsub://${redis}/duel`,
    to: (_receiver: string, redis: string) => `redis-pubsub://${redis}/duel`,
  },
  'redis-stream': {
    title: 'Redis stream',
    from: (redis: string) => `redis-stream://${redis}?group=duel`,
    to: (_receiver: string, redis: string) => `redis-stream://${redis}`,
  },
} satisfies Record<string, Link>

/** For reference, without group commit at the intake: a call an event. */
const references = {
  unary: { title: 'a gRPC call per event', link: 'grpc', append: 'group' },
  single: { title: 'a gRPC call and an append per event', link: 'grpc', append: 'each' },
} satisfies Record<string, OneByOne & { title: string }>

export type RouteName = keyof typeof links | keyof typeof references
export const routeTitles = Object.fromEntries(
  Object.entries({ ...links, ...references }).map(([name, { title }]) => [name, title]),
) as Record<RouteName, string>
export const routeNames = Object.keys(routeTitles) as RouteName[]

export type RunningRoute = {
  /** Where clients post events. */
  url: string
  /** Intake and receiver. */
  processes: Process[]
}

export type Place = {
  /** Topic, prefix in Redis and name for groups. */
  name: string
  /** Between intake and receiver: a way to count what passes. */
  via?: (address: string) => Promise<string>
}

export async function startRoute(
  defer: Defer,
  duel: Duel,
  name: RouteName,
  place: Place,
): Promise<RunningRoute> {
  if (name in references)
    return startOneByOne(defer, duel, references[name as keyof typeof references], place)
  const { from, to, intake: listen = 'http' }: Link = links[name as keyof typeof links]
  const { via = (address) => Promise.resolve(address) } = place
  const { topic, redis } = endpointsOf(duel.stack)
  const {
    event,
    topic: { partitions },
  } = duel.pipeline
  const hop = { event, pipeline: place.name, partitions }
  const start = (own: Pick<HopOptions, 'name' | 'from' | 'to'>) => startHop(defer, { ...hop, ...own })
  const redisHost = await via(new URL(redis).host)
  const receiver = await start({ name: `${name}-receiver`, from: from(redisHost), to: topic(place.name) })
  const reached = from(redisHost).includes('://') ? receiver.address : await via(receiver.address)
  const intake = await start({ name, from: listen, to: to(reached, redisHost) })
  return { url: `http://${intake.address}/input`, processes: [intake, receiver] }
}
