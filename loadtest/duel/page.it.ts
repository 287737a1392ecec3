import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Locator } from 'playwright-core'
import { startBrowser } from '../../test/browser.ts'
import { renderPage, type Report } from './page.ts'
import { sampleJson } from './report-sample.ts'

type Box = { left: number; middle: number; right: number }

/** Where something is on the screen, in pixels. */
async function boxOf(locator: Locator): Promise<Box> {
  const box = await locator.boundingBox()
  assert.ok(box, `${locator.toString()} is shown`)
  return { left: box.x, middle: box.x + box.width / 2, right: box.x + box.width }
}

/** Where a value is by the axis that a reader sees: its first and its last tick. */
async function readAxis(svg: Locator): Promise<(value: number) => number> {
  const log = (await svg.getAttribute('data-scale')) === 'log'
  const turn = (value: number) => (log ? Math.log10(value) : value)
  const labels = await svg.locator('.tick').all()
  const ticks = await Promise.all(
    labels.map(async (label, index) => ({
      text: await label.textContent(),
      value: Number(await label.getAttribute('data-tick')),
      at: (await boxOf(svg.locator('.grid').nth(index))).middle,
    })),
  )
  const [first, last] = [ticks[0]!, ticks.at(-1)!]
  assert.ok(ticks.length >= 2 && first.value < last.value, 'an axis has ticks')
  const perUnit = (last.at - first.at) / (turn(last.value) - turn(first.value))
  const at = (value: number) => first.at + (turn(value) - turn(first.value)) * perUnit
  for (const tick of ticks) {
    assert.equal(Number(tick.text!.replaceAll(',', '')), tick.value, 'a tick says its value')
    assert.ok(Math.abs(at(tick.value) - tick.at) < 1, `tick ${tick.value} is out of line`)
  }
  return at
}

for (const [width, colorScheme] of [
  [360, 'dark'],
  [1_280, 'light'],
] as const) {
  test(`at ${width} pixels, ${colorScheme}, every mark and whisker stands where its axis has the JSON's value`, async (t) => {
    const browser = await startBrowser(t)
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, offline: true })
    const page = await context.newPage()
    const troubles: string[] = []
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) troubles.push(`asks for ${request.url()}`)
    })
    await page.setContent(renderPage(sampleJson))
    const embedded = await page.locator('#report').textContent()
    const report = JSON.parse(embedded!) as Report
    assert.deepEqual(report, JSON.parse(sampleJson), 'the embedded JSON is the report')

    let compared = 0
    for (const figure of await page.locator('figure').all()) {
      const { rows, plots } = report.tables[(await figure.getAttribute('data-table'))!]!
      const { columns, title } = plots[Number(await figure.getAttribute('data-plot'))]!
      const svg = figure.locator('svg')
      const at = await readAxis(svg)
      const cells = Object.values(rows).flatMap((row) => columns.flatMap((column) => row.cells[column] ?? []))
      const groups = await svg.locator('[data-row]').all()
      assert.equal(groups.length, cells.length, `${title}: a mark for each figure`)
      for (const [index, { least, median, most }] of cells.entries()) {
        const group = groups[index]!
        const middleOf = async (part: string) => (await boxOf(group.locator(part))).middle
        for (const [value, pixel] of [
          [median, await middleOf('.mark')],
          [least, await middleOf('.least')],
          [most, await middleOf('.most')],
        ] as const) {
          const off = Math.abs(at(value) - pixel)
          assert.ok(off < 1, `${title}: ${value} is drawn ${off} pixels off`)
          compared++
        }
      }
      const frame = await boxOf(svg)
      for (const text of await svg.locator('text').all()) {
        const { left, right } = await boxOf(text)
        assert.ok(
          left >= frame.left - 1 && right <= frame.right + 1,
          `${await text.textContent()} is cut off`,
        )
      }
    }
    assert.equal(compared, 33)

    const wider = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`)
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const red = Number(/\d+/.exec(ground)![0])
    assert.equal(red < 128, colorScheme === 'dark', ground)
    assert.deepEqual(troubles, [])
  })
}
