// (0) a bare server, (a) the intake with nothing behind it, (b) intake → gRPC → Kafka and intake → Kafka.
import { findFreePort } from '../../local/ports.ts'
import type { Bench } from './bench.ts'
import type { LoadResult } from './generator.ts'
import { endpointsOf, startHop, startProgram } from './programs.ts'
import { withReleases, type Defer } from './releases.ts'
import { formatNumber, type Figure, type Section } from './report.ts'
import { ratiosOf } from './statistics.ts'
import { openTopics } from './topics.ts'
import { takeTurns } from './turns.ts'

/** Where a bare server and an intake are fastest, and what the ratio of (b) is asked at. */
const MOST_CONNECTIONS = 512
const CONNECTIONS = [64, 256, MOST_CONNECTIONS]

/** How long, in seconds. The first seconds of a process go to its compiler. */
const full = { rounds: 5, seconds: 3, warmUpSeconds: 2 }
const quick = { rounds: 2, seconds: 1, warmUpSeconds: 1 }

type Contestant = { what: string; url: URL; connections: number; topic?: string }

export function measureHttp(bench: Bench, parts: { withLog: boolean }): Promise<Section> {
  const { generator, say } = bench
  const { rounds, seconds, warmUpSeconds } = bench.quick ? quick : full
  return withReleases(async (defer) => {
    const log = parts.withLog ? await startLogged(bench, defer) : undefined
    const contestants: Record<string, Contestant> = {
      ...(await startServers(bench, defer)),
      ...log?.contestants,
    }
    const run = async (name: string, runSeconds: number) => {
      const contestant = contestants[name]!
      const result = await generator.run({ ...contestant, seconds: runSeconds })
      log?.count(contestant, result)
      return result
    }
    const names = Object.keys(contestants)
    for (const name of names) {
      say(`warming up: ${name}`)
      await run(name, warmUpSeconds)
    }
    const results = await takeTurns(rounds, names, (name) => run(name, seconds), say)
    await log?.checkCounts()
    return {
      title: `HTTP, one event a request: ${rounds} × ${seconds} s, in turn, by ${generator.name}`,
      figures: figuresOf(contestants, results),
      remarks: [
        `sender: CPU of the load generator in % of a core; it would be the limit near ${generator.cores * 100} %`,
        `its own highest rate was ${formatNumber(highestOf(results))} requests/s`,
      ],
    }
  })
}

function highestOf(results: Record<string, LoadResult[]>): number {
  return Math.max(...Object.values(results).flatMap((rounds) => rounds.map(({ perSecond }) => perSecond)))
}

function figuresOf(contestants: Record<string, Contestant>, results: Record<string, LoadResult[]>): Figure[] {
  const rates = (name: string) => results[name]!.map(({ perSecond }) => perSecond)
  const judged: Record<string, { to: string; least?: number }> = {
    a: { to: '0', least: 0.5 },
    b64: { to: 'a', least: 0.35 },
    b256: { to: 'a' },
    b512: { to: 'a', least: 0.75 },
    direct512: { to: 'a' },
  }
  return Object.entries(contestants).map(([name, { what, connections }]) => {
    const { to, least } = judged[name] ?? {}
    return {
      name,
      what: `${what}, ${connections} connections`,
      unit: 'requests/s',
      rounds: rates(name),
      generatorCpu: results[name]!.map(({ cpu }) => cpu),
      ...(to !== undefined && { ratio: { to, rounds: ratiosOf(rates(name), rates(to)) } }),
      ...(least !== undefined && { target: { rule: 'at least', value: least } }),
    }
  })
}

const inputOf = (address: string) => new URL(`http://${address}/input`)

/** (0) and (a). */
async function startServers({ pipeline }: Bench, defer: Defer): Promise<Record<string, Contestant>> {
  const [bare, intake] = [`127.0.0.1:${await findFreePort()}`, `127.0.0.1:${await findFreePort()}`]
  const port = (address: string) => address.split(':')[1]!
  const [bareUrl, intakeUrl] = [`http://${bare}/readyz`, `http://${intake}/readyz`]
  const folder = 'loadtest/bench'
  await startProgram(defer, 'bare server', `${folder}/bare-server.ts`, [port(bare)], bareUrl)
  const intakeArguments = [port(intake), pipeline.event]
  await startProgram(defer, 'intake', `${folder}/intake-server.ts`, intakeArguments, intakeUrl)
  return {
    0: { what: 'uWebSockets.js, JSON.parse', url: inputOf(bare), connections: MOST_CONNECTIONS },
    a: { what: 'parse, validate, encode', url: inputOf(intake), connections: MOST_CONNECTIONS },
  }
}

/** (b), with and without the hop in the middle, each with a topic of its own. */
async function startLogged(bench: Bench, defer: Defer) {
  const { stack, pipeline, uniqueName } = bench
  const { partitions } = pipeline.topic
  const [linked, direct] = [uniqueName('linked'), uniqueName('direct')]
  const topics = await openTopics(defer, stack.kafkaBrokers)
  await topics.create(linked, partitions)
  await topics.create(direct, partitions)
  const { topic } = endpointsOf(stack)
  const hop = { event: pipeline.event, pipeline: linked, partitions }
  const publisher = await startHop(defer, { ...hop, name: 'publisher', from: 'grpc', to: topic(linked) })
  const api = await startHop(defer, { ...hop, name: 'api', from: 'http', to: `grpc://${publisher.address}` })
  const alone = await startHop(defer, { ...hop, name: 'api', from: 'http', to: topic(direct) })

  const contestants: Record<string, Contestant> = {}
  for (const connections of CONNECTIONS) {
    contestants[`b${connections}`] = {
      what: 'http → grpc → kafka',
      url: inputOf(api.address),
      connections,
      topic: linked,
    }
  }
  contestants[`direct${MOST_CONNECTIONS}`] = {
    what: 'http → kafka',
    url: inputOf(alone.address),
    connections: MOST_CONNECTIONS,
    topic: direct,
  }
  const answered = new Map([linked, direct].map((name) => [name, { accepted: 0, unanswered: 0 }]))
  return {
    contestants,
    count({ topic: name, connections }: Contestant, { accepted }: LoadResult) {
      const counts = answered.get(name ?? '')
      if (!counts) return
      counts.accepted += accepted
      // What is under way when a run ends may still be appended.
      counts.unanswered += connections
    },
    /** What was accepted is in the log, and not more than what was sent. */
    async checkCounts() {
      for (const [name, { accepted, unanswered }] of answered) {
        const appended = await topics.appended(name)
        if (appended < accepted || appended > accepted + unanswered)
          throw new Error(`${accepted} were accepted, and the log has ${appended}`)
      }
    },
  }
}
