// A page in a real browser, and what went wrong there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { defer } from '../defer.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export type Visit = {
  page: Page
  /** What the browser's console called an error, and what the page threw. */
  troubles: string[]
}

/** Opens a page in a context of its own; it closes with the test. */
export async function visit(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1_280, height: 860 },
    locale: 'en-GB',
    ...options,
  })
  defer(t, () => context.close())
  const page = await context.newPage()
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text())
  })
  await page.goto(url)
  return { page, troubles }
}

type Axe = { run: (options: object) => Promise<{ violations: AxeViolation[] }> }
type AxeViolation = { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }

/** Fails with every rule of WCAG 2 A and AA, and of good practice, that the page breaks. */
export async function assertAccessible(page: Page): Promise<void> {
  // The page's policy lets no script in, so it comes over the debugger.
  const found = await page.evaluate(`(() => { ${axeSource}; return axe })() && 0`).then(() =>
    page.evaluate(() =>
      (globalThis as unknown as { axe: Axe }).axe.run({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
        resultTypes: ['violations'],
      }),
    ),
  )
  const lines = found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${failureSummary ?? ''}`,
    ),
  )
  assert.deepEqual(lines, [])
}
