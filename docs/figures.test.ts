import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFigures } from './figures.ts'

const report = {
  machine: { cpu: 'EPYC' },
  sections: [
    { figures: [{ name: 'b512', median: 31_038.4, ratio: { median: 0.4649 } }] },
    { figures: [{ name: 'c', median: 1_661_200 }] },
  ],
}
const check = (text: string) => checkFigures(text, () => report)
const linkTo = (shown: string, selector: string) => `[${shown}](reports/bench.json#${selector})`

const right: [shown: string, selector: string][] = [
  ['31,038/s', 'b512.median'],
  ['31,038.4 events/s', 'b512.median'],
  ['0.46', 'b512.ratio.median'],
  ['0.465 of a', 'b512.ratio.median'],
  ['46 %', 'b512.ratio.median'],
  ['1.66 million events/s', 'c.median'],
  ['EPYC', 'machine.cpu'],
]
for (const [shown, selector] of right) {
  test(`"${shown}" is what the report says of ${selector}`, () => {
    const text = `before ${linkTo(shown, selector)} after [a page](design.md#b512.median)`
    assert.deepEqual(check(text), { corrected: text, mistakes: [] })
  })
}

const wrong: [shown: string, selector: string, mistake: RegExp][] = [
  ['31,039/s', 'b512.median', /says 31,038\/s$/],
  ['0.47', 'b512.ratio.median', /says 0\.46$/],
  ['1.7 million', 'nothing.median', /has no nothing\.median$/],
  ['much', 'b512.median', /begins with no number/],
  ['0.46', 'b512.ratio', /has no b512\.ratio$/],
]
for (const [shown, selector, mistake] of wrong) {
  test(`"${shown}" is refused for ${selector}: ${mistake.source}`, () => {
    const { mistakes } = check(`first\n${linkTo(shown, selector)}`)
    assert.equal(mistakes.length, 1)
    assert.equal(mistakes[0]!.line, 2)
    assert.match(mistakes[0]!.mistake, mistake)
  })
}

test('a figure that is not the report’s is corrected in the form that it has', () => {
  const { corrected } = check(`${linkTo('9 %', 'b512.ratio.median')} and ${linkTo('1,000/s', 'b512.median')}`)
  assert.equal(corrected, `${linkTo('46 %', 'b512.ratio.median')} and ${linkTo('31,038/s', 'b512.median')}`)
})
