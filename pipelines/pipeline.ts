// What a pipeline is: a graph of hops and stores, as data. Whoever runs it turns names into addresses.

export type Store = 'kafka' | 'redis' | 'mongodb'

/** What brings the clients of a cluster to an intake or to the page; its manifests follow from this word. */
export type Ingress = 'nginx' | 'contour' | 'traefik' | 'gateway'

/**
 * How a new version of what clients reach comes in, where the environment has Argo Rollouts and Linkerd. `canary` shows it to
 * more and more clients, `blue-green` to all at once, and both go back when its success rate or its 99th percentile of
 * latency is bad. `traffic-split` keeps the next version beside this one, with a share of the requests that is stated.
 */
export type Delivery = 'blue-green' | 'canary' | 'traffic-split'

/** Where a hop sends to: another hop of the same pipeline, or a store. */
export type Target = { hop: string } | { store: Store }

/**
 * What a hop listens on (with its port in a pod); or the channel, or the consumer group of the pipeline's streams, by
 * which it is reached through Redis; or how it reads the log: as a consumer group, or from MongoDB. A reader of the log that waits
 * longer for more records costs less and is less fresh. `http` is the public intake, `hop-http` is for hops.
 */
export type From =
  | { http: number; encode?: 'wasm' }
  | { 'hop-http': number }
  | { connect: number }
  | { grpc: number }
  | { ws: number }
  | { 'redis-pubsub': string }
  | { 'redis-stream': string }
  | { group: string; waitMs?: number }
  | { log: 'mongodb' }

export type Hop = {
  /** Hops of one pod are containers side by side. */
  pod: string
  from: From
  /** All must have a batch before the source is acknowledged. */
  to: Target[]
  /** Get it afterwards, best effort. */
  fastPaths?: Target[]
  /** Batches in flight; see the design's group commit. */
  lanes?: number
  /** For an `http` hop, like `delivery`. */
  ingress?: Ingress
  delivery?: Delivery
}

export type Pipeline = KafkaPipeline | MongoPipeline

/** The log is Kafka. */
export type KafkaPipeline = Graph & {
  /** Events are numbered over its partitions. */
  topic: { name: string; partitions: number }
}

/** The log is MongoDB, where the source system has no Kafka. */
export type MongoPipeline = Graph & {
  topic?: undefined
  /** Over how many partitions events are numbered; MongoDB itself knows none. */
  partitions: number
}

type Graph = {
  /** Also the hash tag of its keys in Redis and the name of its database. */
  name: string
  /** The event message in proto/scenarios. */
  event: string
  /** The Kubernetes namespace. */
  namespace: string
  database: string
  hops: Record<string, Hop>
  /** The port of the query service in its pod. */
  query: { port: number; ingress?: Ingress; delivery?: Delivery }
  /** The pods that are in the second cluster, where a pipeline is spread over two; `query` is that of the query service. */
  secondCluster?: string[]
  /** Rows for demo and load test, relative to the project. */
  rows: string
}

/** How names become addresses. All return `host:port`, and stores also lists of them. */
export type Addresses = {
  listen: (hop: string) => string
  reach: (hop: string) => string
  store: (store: Store) => string
  /** Where a hop listens for /readyz and /metrics, and where others find that. */
  admin: (hop: string) => string
  reachAdmin: (hop: string) => string
}

/**
 * How Node runs hops. Node 22 gives the young generation 16 MB twice and lets the old one grow as it likes: the intake
 * stood at 200 MB and grew; with these it stays below 150 MB over 2 million events (`make bench`). Half as much for the
 * young generation saves 9 MB and costs 4 µs of collecting an event at 512 connections.
 */
export const nodeFlags = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=8',
  '--max-old-space-size=96',
]

/** The command line of a hop. */
export function hopArguments(pipeline: Pipeline, name: string, addresses: Addresses): string[] {
  const hop = pipeline.hops[name]
  if (!hop) throw new Error(`${pipeline.name} has no hop ${name}`)
  const sink = (target: Target) =>
    'hop' in target ? linkUrl(pipeline, target.hop, addresses) : storeUrl(pipeline, target.store, addresses)
  return [
    ...flags({ event: pipeline.event, pipeline: pipeline.name, partitions: partitionsOf(pipeline) }),
    ...flags({ name, from: sourceUrl(pipeline, name, addresses) }),
    ...hop.to.flatMap((target) => flags({ to: sink(target) })),
    ...(hop.fastPaths ?? []).flatMap((target) => ['--then', sink(target)]),
    ...(hop.lanes === undefined ? [] : flags({ lanes: hop.lanes })),
    ...flags({ admin: `http://${addresses.admin(name)}` }),
  ]
}

function partitionsOf(pipeline: Pipeline): number {
  return pipeline.topic ? pipeline.topic.partitions : pipeline.partitions
}

function flags(values: Record<string, string | number>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** The command line of the query service. It shows those hops that it can reach. */
export function queryArguments(
  pipeline: Pipeline,
  listen: string,
  addresses: Addresses,
  hops = Object.keys(pipeline.hops),
): string[] {
  const groups = Object.values(pipeline.hops).flatMap(({ from }) => ('group' in from ? [from.group] : []))
  const kafka = pipeline.topic && {
    kafka: storeUrl(pipeline, 'kafka', addresses),
    groups: groups.join(','),
  }
  return flags({
    event: pipeline.event,
    pipeline: pipeline.name,
    listen: `http://${listen}`,
    live: storeUrl(pipeline, 'redis', addresses),
    log: storeUrl(pipeline, 'mongodb', addresses),
    ...kafka,
  }).concat(...hops.map((name) => graphArguments(pipeline, name, addresses)))
}

/** What the query service is told of a hop: its edges and where its health is, and of an intake where it is. */
function graphArguments(pipeline: Pipeline, name: string, addresses: Addresses): string[] {
  const { from, to, fastPaths = [] } = pipeline.hops[name]!
  const names = (targets: Target[]) =>
    targets.map((target) => ('hop' in target ? target.hop : target.store)).join(',')
  const source = 'group' in from ? 'kafka' : 'log' in from ? from.log : schemeOf(from)
  const edges = [
    `name=${name}&from=${source}`,
    ...('group' in from ? [`group=${from.group}`] : []),
    `to=${names(to)}`,
    ...(fastPaths.length > 0 ? [`fast=${names(fastPaths)}`] : []),
  ]
  return [
    ...flags({ hop: `http://${addresses.reachAdmin(name)}?${edges.join('&')}` }),
    ...('http' in from ? flags({ intake: `http://${addresses.reach(name)}?hop=${name}` }) : []),
  ]
}

function sourceUrl(pipeline: Pipeline, name: string, addresses: Addresses): string {
  const { from } = pipeline.hops[name]!
  if ('log' in from) return storeUrl(pipeline, from.log, addresses)
  if ('group' in from) {
    const wait = from.waitMs === undefined ? '' : `&wait-ms=${from.waitMs}`
    return `${storeUrl(pipeline, 'kafka', addresses)}?group=${from.group}${wait}`
  }
  if ('redis-pubsub' in from || 'redis-stream' in from) {
    const group = 'redis-stream' in from ? `?group=${from['redis-stream']}` : ''
    return `${throughRedis(from, addresses)}${group}`
  }
  const encode = 'encode' in from ? `?encode=${from.encode}` : ''
  return `${schemeOf(from)}://${addresses.listen(name)}${encode}`
}

function linkUrl(pipeline: Pipeline, name: string, addresses: Addresses): string {
  const from = pipeline.hops[name]?.from
  if (!from || 'group' in from || 'log' in from || 'http' in from)
    throw new Error(`${pipeline.name}: nothing can send to "${name}"`)
  if ('redis-pubsub' in from || 'redis-stream' in from) return throughRedis(from, addresses)
  return `${schemeOf(from)}://${addresses.reach(name)}`
}

/** Where a sender puts what a hop reads from Redis; the streams' names follow from the pipeline's. */
function throughRedis(
  from: { 'redis-pubsub': string } | { 'redis-stream': string },
  addresses: Addresses,
): string {
  const channel = 'redis-pubsub' in from ? `/${from['redis-pubsub']}` : ''
  return `${schemeOf(from)}://${addresses.store('redis')}${channel}`
}

function schemeOf(from: Exclude<From, { group: string } | { log: string }>): string {
  return Object.keys(from)[0]!
}

function storeUrl(pipeline: Pipeline, store: Store, addresses: Addresses): string {
  const at = `${store}://${addresses.store(store)}`
  switch (store) {
    case 'kafka':
      if (!pipeline.topic) throw new Error(`${pipeline.name} has no topic`)
      return `${at}/${pipeline.topic.name}`
    case 'mongodb':
      return `${at}/${pipeline.database}`
    case 'redis':
      return at
  }
}

/** The hops in the order of the data, senders before receivers: the order in which they are stopped. */
export function sendersFirst(pipeline: Pipeline): string[] {
  const ordered: string[] = []
  const visit = (name: string) => {
    if (ordered.includes(name)) return
    const hop = pipeline.hops[name]!
    for (const target of [...hop.to, ...(hop.fastPaths ?? [])]) if ('hop' in target) visit(target.hop)
    ordered.unshift(name)
  }
  for (const name of Object.keys(pipeline.hops)) visit(name)
  return ordered
}
