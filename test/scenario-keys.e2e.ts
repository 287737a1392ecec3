// docs/scenarios.md against a real Redis: the keys that people and Grafana read.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { createClient } from 'redis'
import { projectRoot } from '../local/session.ts'
import { readRows } from '../loadtest/data-file.ts'
import { findPipeline } from '../pipelines/all.ts'
import { RunSchema } from '../proto/gen/freshet/v1/hop_pb.ts'
import { outcomes } from '../services/hop/batch.ts'
import { createHopMetrics } from '../services/hop/metrics.ts'
import { createRedisSink } from '../services/hop/sinks/redis.ts'
import { logBatchOf, quiet } from '../services/hop/sinks/view-samples.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import { joinEvents } from '../services/lib/wire.ts'
import { defer } from './defer.ts'
import { servers } from './servers.ts'
import { until } from './until.ts'

const EVENTS = 500
/** Of every pipeline. */
const guards = { fences: 'hash', positions: 'hash', origins: 'hash' }

/** Scenario → key without its prefix → type. */
const documented = new Map<string, Record<string, string>>()
const text = await readFile(join(projectRoot, 'docs/scenarios.md'), 'utf8')
for (const [, name = '', key = '', type = ''] of text.matchAll(/^\| `\{(\w+)\}:([^`]+)` *\| (\w+) *\|/gm)) {
  documented.set(name, { ...documented.get(name), [key]: type })
}

test('the keys of the four scenarios are documented', () => {
  assert.deepEqual([...documented.keys()].toSorted(), ['covid', 'predictions', 'votes', 'weather'])
})

for (const [name, keys] of documented) {
  test(`Redis holds each documented key of ${name} under its name and type, and no other`, async (t) => {
    const { event, rows: file } = findPipeline(name)
    const eventType = loadEventType(event)
    const own = `${name}-${randomBytes(4).toString('hex')}`
    const redis = await createClient({ url: servers.redisUrl }).connect()
    defer(t, () => redis.destroy())
    const found = async () => (await redis.keys(`{${own}}:*`)).toSorted()
    defer(t, async () => redis.unlink(['none', ...(await found())]))
    const host = new URL(servers.redisUrl).host
    const endpoint = {
      url: '',
      scheme: 'redis',
      hosts: [host],
      path: '',
      parameters: new Map<string, string>(),
    }
    const sink = await createRedisSink(endpoint, eventType, own, quiet, createHopMetrics(own, 'test'))
    defer(t, () => sink.close())
    await until('the sink is connected', () => sink.notReady() === undefined)

    const rows = (await readRows(join(projectRoot, file))).slice(0, EVENTS)
    const run = create(RunSchema, {
      origin: 'test',
      firstSeq: 1n,
      count: rows.length,
      firstTimeUs: BigInt(Date.now()) * 1_000n,
      timeDeltasUs: rows.map((_, index) => index),
      events: joinEvents(rows.map((row) => eventType.encode(row).bytes)),
      route: 'api',
    })
    assert.deepEqual(await sink.write(logBatchOf(0, [run])), outcomes.stored())

    const types = await Promise.all(
      (await found()).map(async (key) => [key.slice(`{${own}}:`.length), await redis.type(key)] as const),
    )
    assert.deepEqual(Object.fromEntries(types), { ...keys, ...guards })
    assert.equal(await redis.get(`{${own}}:total`), String(EVENTS))
  })
}
