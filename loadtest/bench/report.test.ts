import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { figureAsJson, formatNumber, formatSections, isMet, type Figure } from './report.ts'

const figure: Figure = { name: 'a', what: 'the intake', unit: 'requests/s', rounds: [50_000, 40_000, 60_000] }

test('a target is for the median of the ratio where there is one', () => {
  const ratio = { to: '0', rounds: [0.6, 0.1, 0.5] }
  assert.equal(isMet({ ...figure, ratio, target: { rule: 'at least', value: 0.5 } }), true)
  assert.equal(isMet({ ...figure, ratio, target: { rule: 'at least', value: 0.51 } }), false)
})

test('a target is for the median of the rounds otherwise', () => {
  assert.equal(isMet({ ...figure, target: { rule: 'below', value: 50_000 } }), false)
  assert.equal(isMet({ ...figure, target: { rule: 'at most', value: 50_000 } }), true)
  assert.equal(isMet(figure), undefined)
})

test('the JSON report has every round and what the table shows', () => {
  assert.deepEqual(
    figureAsJson({
      ...figure,
      ratio: { to: '0', rounds: [0.5, 0.4, 0.6] },
      target: { rule: 'at least', value: 0.5 },
    }),
    {
      ...figure,
      median: 50_000,
      least: 40_000,
      most: 60_000,
      ratio: { to: '0', rounds: [0.5, 0.4, 0.6], median: 0.5, least: 0.4, most: 0.6 },
      target: { rule: 'at least', value: 0.5 },
      met: true,
    },
  )
})

test('numbers have three digits that mean something', () => {
  const texts = [1_234_567.8, 123.4, 12.34, 1.234, 0.5, 0, 0.0456, -9.876, Number.NaN].map(formatNumber)
  assert.deepEqual(texts, ['1,234,568', '123', '12.3', '1.23', '0.5', '0', '0.046', '-9.88', '–'])
})

test('the table lines up and leaves empty columns out', () => {
  const text = formatSections([
    {
      title: 'HTTP',
      figures: [
        { ...figure, name: '0', rounds: [100_000] },
        {
          ...figure,
          ratio: { to: '0', rounds: [0.5] },
          target: { rule: 'at least', value: 0.75 },
          generatorCpu: [0.61],
        },
      ],
      remarks: ['by hand'],
    },
  ])
  assert.equal(
    stripVTControlCharacters(text),
    [
      'HTTP',
      '                             median  spread         ratio      target          sender',
      '  0  the intake  100,000 requests/s',
      '  a  the intake   50,000 requests/s  40,000–60,000  0.50 of 0  ≥ 0.75  MISSED  61 %',
      '  by hand',
    ].join('\n'),
  )
})
