// Every source × sink × fault of a hop, on real servers. The hop runs in this process, so that a cell takes little;
// that a hop survives SIGKILL as a process of its own is shown by services/hop/transports.it.ts and faults.e2e.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { faultNames, faults, type FaultName } from './conformance/faults.ts'
import { sinks, sources } from './conformance/rows.ts'
import { openScene } from './conformance/scene.ts'
import { startStores, type Stores } from './conformance/stores.ts'
import { tableOf, writeReport, type Result } from './conformance/table.ts'

/** Most of a cell is waiting for connections, so several run at a time. */
const AT_A_TIME = 10
const CELL_DEADLINE_MS = 45_000
/** Narrows the cells while one is worked on: `CELLS='kafka → redis, sink down'`; any part of a name does. */
const wanted = process.env['CELLS']

type Cell = { source: string; sink: string; fault: FaultName }
const nameOf = ({ source, sink, fault }: Cell) => `${source} → ${sink}, ${fault}`
const cells = faultNames.flatMap((fault) =>
  Object.keys(sources).flatMap((source) => Object.keys(sinks).map((sink): Cell => ({ source, sink, fault }))),
)

async function runCell(cell: Cell, stores: Stores, dying: Promise<void>[]): Promise<Result> {
  const source = sources[cell.source]!
  const sink = sinks[cell.sink]!
  const { run, settings = {} } = faults[cell.fault]
  const impossible = source.impossible?.[cell.fault]
  if (impossible !== undefined) return { ...cell, impossible }
  const began = performance.now()
  const work = async () => {
    const scene = await openScene(stores, source, sink, settings, dying)
    try {
      await run(scene)
    } catch (cause) {
      throw new Error(`the hop said:\n${scene.lines.join('\n')}`, { cause })
    } finally {
      await scene.close()
    }
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not over in ${CELL_DEADLINE_MS} ms`)), CELL_DEADLINE_MS)
  })
  const tookMs = () => Math.round(performance.now() - began)
  try {
    await Promise.race([work(), late])
    return { ...cell, passed: true, tookMs: tookMs() }
  } catch (cause) {
    return { ...cell, failed: inspect(cause), tookMs: tookMs() }
  } finally {
    clearTimeout(timer)
  }
}

test('every source, sink and fault: nothing acknowledged is lost, order is kept, and views count once', async (t) => {
  const began = performance.now()
  const stores = await startStores()
  const results: Result[] = []
  try {
    const dying: Promise<void>[] = []
    const left = cells.filter((cell) => wanted === undefined || nameOf(cell).includes(wanted))
    const worker = async () => {
      for (let cell = left.shift(); cell; cell = left.shift())
        results.push(await runCell(cell, stores, dying))
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, worker))
    await Promise.all(dying)
  } finally {
    await stores.close()
  }
  await writeReport(results, Math.round(performance.now() - began))
  const shown = wanted === undefined ? cells : results
  const titles = (of: 'source' | 'sink' | 'fault') => [...new Set(shown.map((cell) => cell[of]))]
  t.diagnostic(`\n${tableOf(results, titles('source'), titles('sink'), titles('fault'))}`)
  const failures = results.flatMap((result) =>
    result.failed === undefined ? [] : `${nameOf(result as Cell)}: ${result.failed}`,
  )
  assert.deepEqual(failures, [], failures.join('\n\n'))
  if (wanted === undefined) assert.equal(results.length, cells.length, 'a cell is absent')
  for (const result of results) assert.ok(result.passed ?? result.impossible)
})
