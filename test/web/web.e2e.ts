// The page in a real browser, over real pipelines: one browser for all, one pipeline for each scenario.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startRedis } from '../../local/stack.ts'
import { pipeline as covid } from '../../pipelines/covid.ts'
import { pipeline as predictions } from '../../pipelines/predictions.ts'
import type { Pipeline } from '../../pipelines/pipeline.ts'
import { pipeline as votes } from '../../pipelines/votes.ts'
import { pipeline as weather } from '../../pipelines/weather.ts'
import { startBrowser } from '../browser.ts'
import { defer } from '../defer.ts'
import { startOwn, stores, type Started } from '../started.ts'
import { until } from '../until.ts'
import { assertAccessible, visit } from './visit.ts'

const DEADLINE_MS = 15_000
/** A node's colour follows its hop within this time. */
const RED_MS = 2_000

let browser: Browser
const shared = (t: TestContext) => startBrowser(t).then((started) => (browser = started))

/** A pipeline of its own with a Redis of its own, which may be stopped. */
async function scene<P extends Pipeline>(t: TestContext, like: P) {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-web-'))
  defer(t, () => rm(dir, { recursive: true, force: true }))
  const redis = await startRedis({ dir })
  defer(t, () => redis.stop())
  const on = { ...stores, redisUrl: redis.url, ...(like.topic ? {} : { kafkaBrokers: '' }) }
  return { redis, ...(await startOwn(t, like, on)) }
}

async function post({ running }: Pick<Started, 'running'>, events: object[]): Promise<void> {
  const [intake] = Object.values(running.intakes)
  for (const event of events) {
    const headers = { 'Content-Type': 'application/json' }
    const answer = await fetch(`${intake}/input`, { method: 'POST', headers, body: JSON.stringify(event) })
    assert.equal(answer.status, 202, await answer.text())
  }
}

const times = <T>(count: number, of: T): T[] => Array.from({ length: count }, () => of)
const textOf = (page: Page, selector: string) => page.locator(selector).allInnerTexts()
const shows = (page: Page, what: string, selector: string, expected: string[]) =>
  until(
    `${what}: ${expected.join(' | ')}`,
    async () => JSON.stringify(await textOf(page, selector)) === JSON.stringify(expected),
    DEADLINE_MS,
    50,
  ).catch(async (cause: unknown) => {
    throw new Error(`shown: ${(await textOf(page, selector)).join(' | ')}`, { cause })
  })
const totalIs = (page: Page, total: number) =>
  page.waitForSelector(`[data-figure=total][data-value="${total}"]`)
/** The bars of the card with that title: `name count`. */
const barsOf = (title: string) => `.card:has(h2:text-is("${title}")) .bars li`

async function assertLook(page: Page, troubles: string[]): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await assertAccessible(page)
  }
  assert.deepEqual(troubles, [])
}

test('the page, scenario by scenario', async (t) => {
  await shared(t)

  await t.test(
    'weather: exact counts, a hop that dies, Redis that goes, and one event by hand',
    async (own) => {
      const started = await scene(own, weather)
      const { running, redis } = started
      const { page, troubles } = await visit(own, browser, running.queryUrl)
      await post(started, [
        ...times(3, { text: 'llueve', country: 'Guatemala' }),
        ...times(2, { text: 'sol', country: 'Japan' }),
      ])
      for (const figure of ['accepted', 'kafka', 'mongodb', 'redis'])
        await page.waitForSelector(`[data-figure=${figure}][data-value="5"]`)
      await page.waitForSelector('.badge[data-verdict=balanced]')
      await assertLook(page, troubles)

      // A hop that is killed is red within two seconds, and nothing flows to or from it.
      await page.waitForSelector('[data-node=archiver][data-health=ready]')
      running.processes['archiver']!.kill('SIGKILL')
      const killedAt = Date.now()
      await page.waitForSelector('[data-node=archiver][data-health=away]')
      const redAfterMs = Date.now() - killedAt
      assert.ok(redAfterMs < RED_MS, `red after ${redAfterMs} ms`)
      for (const edge of ['kafka>archiver', 'archiver>mongodb'])
        assert.equal(await page.getAttribute(`[data-edge="${edge}"]`, 'data-rate'), '0')
      await post(started, [{ text: 'nieve', country: 'Japan' }])
      await page.waitForSelector('.badge[data-verdict=moving]')
      await page.waitForSelector('[data-figure=inFlight][data-value="1"]')
      await running.restart('archiver')
      await page.waitForSelector('[data-node=archiver][data-health=ready]')
      await page.waitForSelector('.badge[data-verdict=balanced]')

      // The form says what the intake would say, and lets nothing through.
      await page.getByLabel('text', { exact: true }).fill('hola')
      await page.getByLabel('country', { exact: true }).fill('X')
      await page.waitForSelector('.wrong:text-matches("2", "i")')
      await page.getByRole('button', { name: 'Send' }).click()
      assert.equal(await page.getByLabel('country', { exact: true }).getAttribute('aria-invalid'), 'true')
      await assertAccessible(page)
      await page.getByLabel('country', { exact: true }).fill('Perú')
      await page.getByRole('button', { name: 'Send' }).click()
      for (const stage of ['accepted', 'log', 'mongodb', 'redis'])
        await page.waitForSelector(`[data-stage=${stage}][data-done]`)
      for (const node of ['api', 'publisher', 'kafka', 'archiver', 'mongodb', 'redis'])
        await page.waitForSelector(`[data-node=${node}][data-lit]`)

      // The live page is reached without a new page load, and follows.
      await page.getByRole('link', { name: 'Live', exact: true }).click()
      await totalIs(page, 7)
      await shows(page, 'ranking', barsOf('World ranking'), ['Guatemala\n3', 'Japan\n3', 'Perú\n1'])
      await post(started, [{ text: 'calor', country: 'Japan' }])
      await shows(page, 'ranking', barsOf('World ranking'), ['Japan\n4', 'Guatemala\n3', 'Perú\n1'])

      // Redis goes, and the page says how old its data is; it comes, and the page goes on by itself.
      await redis.stop()
      await page.waitForSelector('.pill[data-phase=old]')
      await until(
        'an age is shown',
        async () => /is \d+ s old/.test(await page.innerText('.pill')),
        DEADLINE_MS,
        50,
      )
      await totalIs(page, 8)
      await redis.restart()
      await page.waitForSelector('.pill[data-phase=live]')
      await totalIs(page, 8)
      // The server goes, too.
      running.processes['query']!.kill('SIGSTOP')
      await page.waitForSelector('.pill[data-phase=old], .pill[data-phase=lost]')
      running.processes['query']!.kill('SIGCONT')
      await page.waitForSelector('.pill[data-phase=live]')
      await assertLook(
        page,
        troubles.filter((text) => !text.includes('WebSocket')),
      )
    },
  )

  await t.test('logs: newest first, detail with receipt, filter, pause and follow', async (own) => {
    const started = await scene(own, weather)
    await post(started, [
      { text: 'uno', country: 'Chile' },
      { text: 'dos', country: 'Cuba' },
      { text: 'tres', country: 'Chile' },
    ])
    const { page, troubles } = await visit(own, browser, `${started.running.queryUrl}/logs`)
    await page.waitForSelector('.entry >> nth=2')
    const countries = async () => (await textOf(page, '.entry')).map((line) => /text=(\w+)/.exec(line)?.[1])
    assert.deepEqual(await countries(), ['tres', 'dos', 'uno'])
    await post(started, [{ text: 'cuatro', country: 'Perú' }])
    await page.waitForSelector('.entry:has-text("cuatro")')

    await page.getByRole('button', { name: 'Pause' }).click()
    await post(started, [{ text: 'cinco', country: 'Perú' }])
    await page.getByRole('button', { name: '1 newer' }).click()
    await page.waitForSelector('.entry:has-text("cinco")')

    // The keyboard alone opens an event.
    await page.locator('.terminal').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.detail:has-text("cuatro")')
    await until(
      'every store has it',
      async () => (await page.locator('.receipt [data-there]').count()) === 3,
      DEADLINE_MS,
      50,
    )
    await assertLook(page, troubles)
    await page.keyboard.press('Escape')
    await page.waitForSelector('.detail', { state: 'detached' })

    await page.getByLabel('Field').selectOption('country')
    await page.getByLabel('is exactly').fill('Chile')
    await page.getByRole('button', { name: 'Filter' }).click()
    await until('two are left', async () => (await countries()).join() === 'tres,uno', DEADLINE_MS, 50)
    assert.deepEqual(troubles, [])
  })

  await t.test('covid: five views, three of them from MongoDB', async (own) => {
    const started = await scene(own, covid)
    const one = { name: 'Ana', location: 'Cobán', age: 35, infectedtype: 'contact', state: 'mild' }
    await post(started, [
      ...times(3, one),
      ...times(2, { ...one, location: 'Jalapa', age: 8 }),
      { ...one, location: 'Mixco', age: 80, state: 'severe' },
      { ...one, location: 'Petén', age: 81, state: 'severe' },
      { ...one, name: 'Eva', location: 'Mixco', age: 82, state: 'severe' },
    ])
    const { page, troubles } = await visit(own, browser, `${started.running.queryUrl}/live`)
    await totalIs(page, 8)
    const card = (title: string) => `.card:has(h2:text-matches("^${title}"))`
    await shows(page, 'top 3', `${card('Top 3')} li`, [
      '1\nCobán\n3 cases',
      '2\nJalapa\n2 cases',
      '3\nMixco\n2 cases',
    ])
    await shows(page, 'shares', `${card('Infected by state')} li`, ['mild\n62.5%\n5', 'severe\n37.5%\n3'])
    await shows(page, 'last', `${card('Last 5')} dd >> nth=0`, ['Eva'])
    assert.equal(await page.locator(`${card('Last 5')} .events > li`).count(), 5)
    await shows(page, 'ages', `${card('Age ranges')} .count`, ['2', '0', '0', '3', '0', '0', '0', '0', '3'])
    assert.equal(await page.locator(`${card('Collected')} tbody tr`).count(), 8)
    await assertLook(page, troubles)
  })

  await t.test(
    'predictions: the matches of a phase, the scores of a match, the most popular one',
    async (own) => {
      const started = await scene(own, predictions)
      const one = { team1: 'Spain', team2: 'Morocco', score: '2-1', phase: 2 }
      await post(started, [
        ...times(3, one),
        ...times(2, { ...one, score: '0-0' }),
        ...times(2, { ...one, team2: 'Japan', phase: 3 }),
        { ...one, team1: 'Brazil' },
      ])
      const { page, troubles } = await visit(own, browser, `${started.running.queryUrl}/live`)
      await totalIs(page, 8)
      await page.getByText('1/8', { exact: true }).click()
      await shows(page, 'matches', '.picker li', ['Spain – Morocco\n5', 'Brazil – Morocco\n1'])
      await shows(page, 'popular', '[data-figure=popular]', ['2-1'])
      await shows(page, 'scores', barsOf('Scores by predictions'), ['2-1\n3', '0-0\n2'])
      // Two goals of the first, one of the second.
      assert.equal(await page.innerText('.heat tbody tr:nth-child(3) td:nth-child(3)'), '3')
      await page.getByText('Quarters', { exact: true }).click()
      await shows(page, 'matches', '.picker li', ['Spain – Japan\n2'])
      await assertLook(page, troubles)
    },
  )

  await t.test('votes: bands overtake each other, on a phone and in Spanish', async (own) => {
    const started = await scene(own, votes)
    const pulp = { name: 'Pulp', album: 'Different Class', year: '1995', rank: '2' }
    const rush = { name: 'Rush', album: '2112', year: 1976, rank: 1 }
    await post(started, [...times(2, pulp), rush])
    const { page, troubles } = await visit(own, browser, `${started.running.queryUrl}/live`, {
      viewport: { width: 390, height: 844 },
      locale: 'es-GT',
    })
    await totalIs(page, 3)
    assert.equal(await page.getAttribute('html', 'lang'), 'es')
    await page.waitForSelector('.race [data-place="1"]:has-text("Pulp")')
    await post(started, times(2, rush))
    await page.waitForSelector('.race [data-place="1"]:has-text("Rush")')
    await shows(page, 'albums', barsOf('Álbumes por votos'), ['Rush · 2112\n3', 'Pulp · Different Class\n2'])
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    assert.ok(wide <= 0, `${wide} pixels do not fit`)
    await assertLook(page, troubles)
    await page.getByRole('button', { name: /Idioma/ }).click()
    await page.waitForSelector('h2:text-is("Bands by votes")')
    for (const path of ['/', '/logs', '/duel', '/loadtest']) {
      await page.goto(started.running.queryUrl + path)
      await page.waitForSelector('h1')
      if (path === '/') await page.waitForSelector('[data-node=client][data-health=ready]')
      if (path === '/logs') await page.waitForSelector('.entry')
      const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      assert.ok(over <= 0, `${path}: ${over} pixels do not fit`)
      await assertAccessible(page)
    }
    assert.deepEqual(troubles, [])
  })
})
