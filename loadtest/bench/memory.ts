// The intake's resident memory over 2 million events, each stored before it is answered.
import type { Bench } from './bench.ts'
import { endpointsOf, startHop } from './programs.ts'
import { withReleases } from './releases.ts'
import { formatNumber, type Section } from './report.ts'
import { meanOf } from './statistics.ts'
import { openTopics } from './topics.ts'

const full = { events: 2_000_000, sliceSeconds: 10 }
const quick = { events: 200_000, sliceSeconds: 2 }
const CONNECTIONS = 512
const SAMPLE_MS = 1_000
const MEGABYTE = 1_000_000

export type Sample = { atMs: number; bytes: number }

export function measureMemory(bench: Bench): Promise<Section> {
  const { stack, pipeline, generator, uniqueName, say } = bench
  const { events, sliceSeconds } = bench.quick ? quick : full
  const { partitions } = pipeline.topic
  const topic = uniqueName('memory')
  return withReleases(async (defer) => {
    const topics = await openTopics(defer, stack.kafkaBrokers)
    await topics.create(topic, partitions)
    const hop = { event: pipeline.event, pipeline: topic, partitions }
    const to = endpointsOf(stack).topic(topic)
    const publisher = await startHop(defer, { ...hop, name: 'publisher', from: 'grpc', to })
    const api = await startHop(defer, {
      ...hop,
      name: 'api',
      from: 'http',
      to: `grpc://${publisher.address}`,
    })
    const samples: Sample[] = []
    const startedAt = performance.now()
    let failure: unknown
    const sample = () => {
      const atMs = performance.now() - startedAt
      api.rssBytes().then(
        (bytes) => samples.push({ atMs, bytes }),
        (cause: unknown) => (failure = cause),
      )
    }
    const timer = setInterval(sample, SAMPLE_MS)
    defer(() => Promise.resolve(clearInterval(timer)))
    sample()
    let accepted = 0
    const cpu: number[] = []
    let perSecond = 0
    while (accepted < events) {
      say(`${formatNumber(accepted)} of ${formatNumber(events)} events`)
      // The last slice is as long as what is left takes.
      const left = perSecond > 0 ? Math.ceil((events - accepted) / perSecond) : sliceSeconds
      const url = new URL(`http://${api.address}/input`)
      const seconds = Math.min(sliceSeconds, left)
      const result = await generator.run({ url, connections: CONNECTIONS, seconds })
      accepted += result.accepted
      perSecond = result.perSecond
      cpu.push(result.cpu)
    }
    const tookMs = performance.now() - startedAt
    if (failure) throw failure
    const appended = await topics.appended(topic)
    if (appended < accepted) throw new Error(`${accepted} were accepted, and the log has ${appended}`)
    const { most, second, last } = quartersOf(samples, tookMs)
    const figure = (name: string, what: string, bytes: number) => ({
      name,
      what,
      unit: 'MB',
      rounds: [bytes / MEGABYTE],
    })
    const rate = formatNumber(accepted / (tookMs / 1_000))
    return {
      title: `Memory of the intake: ${formatNumber(accepted)} events, ${rate} a second, ${CONNECTIONS} connections`,
      figures: [
        {
          ...figure('rss', 'resident memory, most', most),
          generatorCpu: cpu,
          target: { rule: 'below', value: 150 },
        },
        figure('rss-q2', 'mean of the second quarter', second),
        figure('rss-q4', 'mean of the last quarter', last),
        {
          ...figure('rss-growth', 'last quarter less second quarter', last - second),
          target: { rule: 'at most', value: 10 },
        },
      ],
      remarks: [`${samples.length} samples, one a second; 1 MB is 1,000,000 bytes`],
    }
  })
}

/** The most of all samples, and the means of the second and the last quarter of the time. */
export function quartersOf(samples: readonly Sample[], tookMs: number) {
  const mean = (from: number, to: number) => {
    const inside = samples.filter(({ atMs }) => atMs >= from * tookMs && atMs < to * tookMs)
    if (inside.length === 0) throw new Error(`no sample of memory in a quarter of ${Math.round(tookMs)} ms`)
    return meanOf(inside.map(({ bytes }) => bytes))
  }
  return {
    most: Math.max(...samples.map(({ bytes }) => bytes)),
    second: mean(0.25, 0.5),
    last: mean(0.75, 1),
  }
}
