// Every page as a picture, light and dark, on a desk and on a phone, in .local/reports/screens.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startPipeline } from '../../local/pipeline.ts'
import { projectRoot } from '../../local/session.ts'
import { readRows } from '../../loadtest/data-file.ts'
import { runLoad } from '../../loadtest/load.ts'
import { pipelines } from '../../pipelines/all.ts'
import { startBrowser } from '../browser.ts'
import { defer } from '../defer.ts'
import { stores } from '../started.ts'
import { visit } from './visit.ts'

const folder = join(projectRoot, '.local', 'reports', 'screens')
const wanted = process.env['SCREENS'] ?? 'all'
const EVENTS = 2_000
const RATE = 60
/** Until figures and plots have something to show. */
const WARM_MS = 6_000

const sizes = { desktop: { width: 1_280, height: 860 }, phone: { width: 390, height: 844 } }
const ownPages = ['/', '/live']
const everyPage = [...ownPages, '/logs', '/duel', '/loadtest']
/** These are long, and one window of them says it all. */
const byWindow = new Set(['/logs', '/duel'])

test('pictures of every page', async (t) => {
  await mkdir(folder, { recursive: true })
  const browser = await startBrowser(t)
  const chosen = pipelines.filter(({ name }) => wanted === 'all' || wanted === name)
  for (const [index, pipeline] of chosen.entries()) {
    await t.test(pipeline.name, async (own) => {
      const on = pipeline.topic ? stores : { ...stores, kafkaBrokers: '' }
      const running = await startPipeline(pipeline, on, { log: () => {} })
      defer(own, () => running.stop())
      const ended = new AbortController()
      const rows = await readRows(join(projectRoot, pipeline.rows))
      const host = Object.values(running.intakes).map((url) => new URL(`${url}/input`))
      const load = (requests: number, rate: number) =>
        runLoad({ host, rows, requests, rate, concurrence: 16, timeoutMs: 300_000, signal: ended.signal })
      await load(EVENTS, 2_000)
      const going = load(1_000_000, RATE)
      defer(own, () => {
        ended.abort()
        return going
      })
      for (const path of index === 0 && wanted === 'all' ? everyPage : ownPages) {
        const { page } = await visit(own, browser, running.queryUrl + path)
        await page.waitForSelector(path === '/logs' ? '.entry' : 'h1')
        if (ownPages.includes(path)) await page.waitForTimeout(WARM_MS)
        for (const [size, viewport] of Object.entries(sizes))
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.setViewportSize(viewport)
            await page.emulateMedia({ colorScheme })
            await page.waitForTimeout(500)
            const name = path === '/' ? 'overview' : path.slice(1)
            const file = `${pipeline.name}-${name}-${colorScheme}-${size}.png`
            await page.screenshot({ path: join(folder, file), fullPage: !byWindow.has(path) })
          }
      }
    })
  }
})
