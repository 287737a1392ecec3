import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planPattern } from './pattern.ts'

const understood: [pattern: string, matches: string[], others: string[]][] = [
  ['^[0-9]{1,2}-[0-9]{1,2}$', ['2-5', '12-0'], ['2-', '-5', '123-1', '2-5 ', '2–5']],
  ['^\\d{4}$', ['1999'], ['199', '19999', '١٩٩٩']],
  ['^[A-Z][a-z]+ ?[0-9]*$', ['Ab', 'Ab 12', 'Ab12'], ['ab', 'A', 'Ab 1 ']],
  ['^[a-z\\-.]+@x\\.y$', ['a-b.c@x.y'], ['@x.y', 'a@xzy']],
  ['^$', [''], ['a']],
]
for (const [pattern, matches, others] of understood) {
  test(`${pattern} is matched step by step as the engine matches it`, () => {
    const steps = planPattern(pattern)
    assert.ok(steps)
    const matched = (text: string) => {
      let at = 0
      for (const { ascii, least, most } of steps) {
        const start = at
        while (at < text.length && at - start < most && ascii[text.charCodeAt(at)]) at++
        if (at - start < least) return false
      }
      return at === text.length
    }
    for (const text of [...matches, ...others])
      assert.deepEqual(
        [matched(text), new RegExp(pattern).test(text)],
        Array(2).fill(matches.includes(text)),
        text,
      )
  })
}

for (const pattern of [
  'a',
  '^a',
  '^a|b$',
  '^(a)$',
  '^a+ab$',
  '^[^a]$',
  '^.$',
  '^\\w$',
  '^a+?$',
  '^[a-z]*[0-9]?z$',
  '^é$',
  '^[[:alpha:]]$',
  '^a{2,1}$',
]) {
  test(`${pattern} is left to the libraries`, () => assert.equal(planPattern(pattern), undefined))
}
