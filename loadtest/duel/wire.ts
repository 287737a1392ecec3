// Bytes on the links, counted by a proxy in rounds of their own, so that it slows nothing that is timed.
import { withReleases } from '../bench/releases.ts'
import { openTopics } from '../bench/topics.ts'
import { startCountingProxy, type CountingProxy } from './counting-proxy.ts'
import type { Part } from './duel.ts'
import { routeNames, routeTitles, startRoute, type RouteName } from './routes.ts'
import { tableOf } from './tables.ts'

const CLIENTS = [4, 64] as const
const full = { rounds: 3, requests: { 4: 300, 64: 1_000 } }
const quick = { rounds: 1, requests: { 4: 100, 64: 300 } }
const SECONDS = 20

export const measureWire: Part = async (duel, defer) => {
  const { say, stack, pipeline } = duel
  const { rounds, requests } = duel.quick ? quick : full
  const topics = await openTopics(defer, stack.kafkaBrokers)
  const results = new Map<RouteName, Record<(typeof CLIENTS)[number], number[]>>()
  for (const route of routeNames) {
    say(routeTitles[route])
    const name = duel.uniqueName(`wire-${route}`)
    await topics.create(name, pipeline.topic.partitions)
    await withReleases(async (release) => {
      const proxies: CountingProxy[] = []
      const via = async (target: string) => {
        const proxy = await startCountingProxy(release, target)
        proxies.push(proxy)
        return proxy.address
      }
      const { url } = await startRoute(release, duel, route, { name, via })
      const counted = () => proxies.reduce((sum, proxy) => sum + proxy.bytes(), 0)
      const measured = { 4: [] as number[], 64: [] as number[] }
      results.set(route, measured)
      // The first is the warm-up.
      for (let round = 0; round <= rounds; round++) {
        for (const clients of CLIENTS) {
          const [bytesBefore, logBefore] = [counted(), await topics.appended(name)]
          const { accepted } = await duel.sender({
            url,
            clients,
            requests: requests[clients],
            seconds: SECONDS,
          })
          await waitFor(() => topics.appended(name), logBefore + accepted)
          if (round > 0) measured[clients].push(((counted() - bytesBefore) / accepted) * 1_000)
        }
      }
    })
  }
  return {
    wire: tableOf({
      title: 'Bytes on the link per 1,000 events',
      columns: {
        c4: { title: '4 clients', unit: 'bytes' },
        c64: { title: '64 clients', unit: 'bytes' },
      },
      rows: routeTitles,
      plots: [{ title: 'Bytes per 1,000 events', columns: ['c4', 'c64'], scale: 'log' }],
      remarks: [
        'TCP payload both ways, counted by a proxy on loopback in rounds of their own; through Redis: in and out',
        'more clients are larger batches, which share their headers',
      ],
      cells: (route, column) => results.get(route as RouteName)![column === 'c4' ? 4 : 64],
    }),
  }
}

const POLL_MS = 10
const DEADLINE_MS = 10_000

async function waitFor(count: () => Promise<number>, wanted: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while ((await count()) < wanted) {
    if (performance.now() > deadline)
      throw new Error(`the log has not the ${wanted} records that were accepted`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
