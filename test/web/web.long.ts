// What takes too long for `make test`: a long log, many watchers, a long time. `make test-web`.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { projectRoot } from '../../local/session.ts'
import { createScene, documentOf, startQuery } from '../../services/query/test-scene.ts'
import { startBrowser } from '../browser.ts'
import { until } from '../until.ts'
import { visit } from './visit.ts'

const WATCHERS = 10_000
const UPDATES = 60
const UPDATE_MS = 500
const MOST_P99_MS = 500

const MOST_FIRST_VIEW_MS = 1_000

const EVENTS = 100_000
const INSERT_AT_ONCE = 5_000
/** One frame of 60 a second, with room for a busy machine. */
const MOST_SCROLL_P95_MS = 100

const MINUTES = Number(process.env['MINUTES'] ?? 10)
const FED_MS = 250
const MOST_GROWTH_BYTES = 5_000_000

async function report(name: string, figures: object): Promise<void> {
  const folder = join(projectRoot, '.local', 'reports')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `web-${name}.json`), `${JSON.stringify(figures, null, 2)}\n`)
  process.stdout.write(`${name}: ${JSON.stringify(figures)}\n`)
}

test('10,000 watchers get each of two changes a second, p99 below 500 ms from Redis', async (t) => {
  const { redis, key, options } = await createScene(t)
  const query = await startQuery(t, options)
  await query.ready()
  await redis.set(key('total'), '1')
  const clients = fork(fileURLToPath(new URL('sockets.ts', import.meta.url)), [
    String(query.port),
    String(WATCHERS),
  ])
  t.after(() => clients.kill('SIGKILL'))
  const [opened] = (await once(clients, 'message', { signal: AbortSignal.timeout(60_000) })) as [
    { open: number },
  ]
  assert.equal(opened.open, WATCHERS)
  const began = performance.now()
  for (let n = 0; n < UPDATES; n++) {
    const at = Date.now()
    clients.send({ total: n + 2, at })
    await redis
      .multi()
      .set(key('total'), String(n + 2))
      .hIncrBy(key('count:country'), `Country ${n % 30}`, 1)
      .exec()
    await pause(Math.max(0, began + (n + 1) * UPDATE_MS - performance.now()))
  }
  const status = await readFile(`/proc/${query.pid}/status`, 'utf8').catch(() => '')
  const memoryMb = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1_000)
  const answer = once(clients, 'message', { signal: AbortSignal.timeout(30_000) })
  clients.send('report')
  const [figures] = (await answer) as [{ messages: number; missing: number; closed: number; p99: number }]
  await report('watchers', { watchers: WATCHERS, ...figures, memoryMb })
  assert.equal(figures.closed, 0)
  assert.equal(figures.missing, 0, 'every watcher has the last state')
  assert.ok(figures.messages > WATCHERS * UPDATES * 0.95, `${figures.messages} messages`)
  assert.ok(figures.p99 < MOST_P99_MS, `p99 is ${figures.p99} ms`)
})

test('the first view is there within a second, data included, also in a browser that has nothing of it', async (t) => {
  const { redis, key, options } = await createScene(t)
  await redis.set(key('total'), '5')
  const query = await startQuery(t, options)
  await query.ready()
  const browser = await startBrowser(t)
  // The browser's own start is not the page's.
  await visit(t, browser, `${query.url}/healthz`)
  const views: { paintMs: number; dataMs: number }[] = []
  for (let n = 0; n < 5; n++) {
    const { page } = await visit(t, browser, `${query.url}/live`)
    await page.waitForSelector('[data-figure=total][data-value="5"]')
    views.push(
      await page.evaluate<{ paintMs: number; dataMs: number }>(`({
        paintMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
        dataMs: performance.now(),
      })`),
    )
  }
  const median = (name: 'paintMs' | 'dataMs') =>
    Math.round(views.map((view) => view[name]).toSorted((a, b) => a - b)[2]!)
  await report('first-view', { paintMs: median('paintMs'), dataMs: median('dataMs') })
  assert.ok(median('dataMs') < MOST_FIRST_VIEW_MS, JSON.stringify(views))
})

test('the log page scrolls through 100,000 events without slowing down', async (t) => {
  const { events, options, name } = await createScene(t)
  const base = Date.now() - EVENTS
  for (let from = 0; from < EVENTS; from += INSERT_AT_ONCE)
    await events.insertMany(
      Array.from({ length: INSERT_AT_ONCE }, (_, n) =>
        documentOf(name, 0, from + n + 1, base + from + n, `Country ${(from + n) % 40}`),
      ),
    )
  const query = await startQuery(t, options)
  await query.ready()
  const browser = await startBrowser(t)
  const { page, troubles } = await visit(t, browser, `${query.url}/logs`)
  await page.waitForSelector('.entry', { timeout: 30_000 })
  const loaded = () =>
    page.evaluate<number>(`+document.querySelector('.loaded').textContent.replace(/\\D/g, '')`)
  await until(
    'all are loaded',
    async () => {
      await page.evaluate(`document.querySelector('.terminal').scrollTop = 1e9`)
      return (await loaded()) === EVENTS
    },
    170_000,
    100,
  )
  await page.waitForSelector('.end:has-text("oldest")')
  await page.waitForSelector('.entry:has-text("text 1")')
  // A step is what the browser needs from a scroll until the next frame is drawn.
  const steps = await page.evaluate<number[]>(`(async () => {
    const box = document.querySelector('.terminal'), steps = []
    const frame = () => new Promise((done) => requestAnimationFrame(done))
    for (let n = 0; n < 200; n++) {
      const began = performance.now()
      box.scrollTop = (n * 7919 % 1000) / 1000 * box.scrollHeight
      await frame(); await frame()
      steps.push((performance.now() - began) / 2)
    }
    return steps
  })()`)
  const p95 = steps.toSorted((a, b) => a - b)[Math.floor(steps.length * 0.95)]!
  const shown = await page.locator('.entry').count()
  await report('scroll', { events: EVENTS, frameP95Ms: Number(p95.toFixed(1)), rowsInThePage: shown })
  assert.ok(shown < 120, `${shown} rows are in the page`)
  assert.ok(p95 < MOST_SCROLL_P95_MS, `a frame takes ${p95} ms`)
  assert.deepEqual(troubles, [])
})

test(`a live page that is fed four times a second for ${MINUTES} minutes does not grow`, async (t) => {
  const { redis, key, options } = await createScene(t)
  const query = await startQuery(t, options)
  await query.ready()
  const browser = await startBrowser(t)
  const { page, troubles } = await visit(t, browser, `${query.url}/live`)
  const session = await page.context().newCDPSession(page)
  const heapBytes = async () => {
    await session.send('HeapProfiler.collectGarbage')
    return (await session.send('Runtime.getHeapUsage')).usedSize
  }
  const feed = async (ms: number) => {
    for (const until = Date.now() + ms; Date.now() < until; await pause(FED_MS)) {
      const now = Date.now()
      const event = {
        id: `o-0-${now}`,
        time: new Date(now),
        route: 'api',
        text: `text ${now}`,
        country: 'Perú',
      }
      await redis
        .multi()
        .incr(key('total'))
        .hIncrBy(key('count:country'), `Country ${now % 60}`, 1)
        .hIncrBy(key('rate'), String(Math.floor(now / 1_000)), 1)
        .zAdd(key('latest'), { score: now, value: JSON.stringify(event) })
        .zRemRangeByRank(key('latest'), 0, -21)
        .exec()
    }
  }
  const lengthMs = MINUTES * 60_000
  // What the page fills once is filled after a sixth of the time.
  await feed(lengthMs / 6)
  const early = await heapBytes()
  await feed((lengthMs * 5) / 6)
  const late = await heapBytes()
  const mb = (bytes: number) => Number((bytes / 1e6).toFixed(2))
  await report('memory', { minutes: MINUTES, earlyMb: mb(early), lateMb: mb(late) })
  assert.ok(late - early < MOST_GROWTH_BYTES, `${mb(late - early)} MB more`)
  assert.deepEqual(troubles, [])
})
