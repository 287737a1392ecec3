import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../local/session.ts'
import { startStack } from '../../local/stack.ts'
import { pipeline } from '../../pipelines/weather.ts'
import { withReleases } from '../bench/releases.ts'
import { readRows } from '../data-file.ts'
import type { Duel } from './duel.ts'
import { startField } from './field.ts'
import { startOneByOne } from './one-by-one.ts'
import { startRoute, type RunningRoute } from './routes.ts'
import { startSender } from './sender.ts'
import { takeTurn } from './turn.ts'

const rowsFile = join(projectRoot, pipeline.rows)
const REQUESTS = 300

test('of each kind of route every accepted event is in log and stores, and its cost is known', async () => {
  await withReleases(async (defer) => {
    // The servers that `make test` started, and named in the environment.
    const stackDir = join(projectRoot, '.local', 'stack', 'test')
    const duel: Duel = {
      stack: await startStack({ dir: stackDir }),
      stackDir,
      pipeline,
      rows: await readRows(rowsFile),
      rowsFile,
      scratch: stackDir,
      sender: await startSender(defer, rowsFile),
      uniqueName: (what) => `${what}-${randomBytes(4).toString('hex')}`,
      quick: true,
      say: () => undefined,
      endAt: Infinity,
      fail: ({ title, error }) => assert.fail(`${title}: ${error}`),
    }
    const name = duel.uniqueName('turn')
    const field = await startField(defer, duel, name)
    const start: Record<string, () => Promise<RunningRoute>> = {
      grpc: () => startRoute(defer, duel, 'grpc', { name }),
      wasm: () => startRoute(defer, duel, 'wasm', { name }),
      'redis-stream': () => startRoute(defer, duel, 'redis-stream', { name }),
      single: () => startRoute(defer, duel, 'single', { name }),
      'a POST each, grouped': () =>
        startOneByOne(defer, duel, { link: 'hop-http', append: 'group', encode: 'wasm' }, { name }),
    }
    for (const [what, startWay] of Object.entries(start)) {
      const route = await startWay()
      const load = { clients: 8, requests: REQUESTS, seconds: 20, rate: 400, sampled: true }
      const { report, events, lost, cpu, seen } = await takeTurn(duel, field, route, load)
      assert.deepEqual([report.accepted, report.sent], [REQUESTS, REQUESTS], what)
      const sampled = seen!.redis.sinceSentMs.length
      assert.deepEqual([lost, events], [0, REQUESTS + sampled], what)
      assert.ok(sampled > 10 && seen!.mongodb.sinceSentMs.length === sampled, `${what}: ${sampled} samples`)
      if (process.platform === 'linux') assert.ok(cpu!.own > 0 && cpu!.all > cpu!.own, what)
    }
  })
})
