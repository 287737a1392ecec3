import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatWaterfall, type Step } from './waterfall.ts'

const step = (who: string, fromMs: number, toMs: number, knownBy: Step['knownBy'] = 'metrics'): Step => {
  return { who, what: 'x', fromMs, toMs, knownBy }
}

test('steps stand in the order in which they ended, their bars on one axis of 48 cells', () => {
  const lines = formatWaterfall(
    [step('late', 24, 48), step('first', 0, 12), step('seen', 12, 24, 'polls')],
    48,
  )
  assert.deepEqual(lines, [
    `               from       to  0${'48.0 ms'.padStart(47)}`,
    `  first  x      0.0     12.0  ${'█'.repeat(12)}`,
    `  seen   x     12.0     24.0  ${' '.repeat(12)}${'░'.repeat(12)}`,
    `  late   x     24.0     48.0  ${' '.repeat(24)}${'█'.repeat(24)}`,
  ])
})

const bars = [
  ['what took no time has a cell', step('a', 10, 10), `${' '.repeat(10)}█`],
  ['so has what ended with the axis', step('a', 48, 48), `${' '.repeat(47)}█`],
  ['what goes beyond the axis ends with an arrow', step('a', 46, 60), `${' '.repeat(46)}█›`],
  ['what lies beyond it is the arrow alone', step('a', 60, 70), `${' '.repeat(47)}›`],
] as const
for (const [rule, given, bar] of bars) {
  test(rule, () => {
    const [, line = ''] = formatWaterfall([given], 48)
    assert.equal(line.slice(`  a  x  ${'0'.padStart(7)}  ${'0'.padStart(7)}  `.length), bar)
  })
}
