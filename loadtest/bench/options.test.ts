import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../services/lib/errors.ts'
import { parseOptions, PARTS } from './options.ts'

const partsOf = (...args: string[]) => [...(parseOptions(args)?.parts ?? [])]

test('without flags everything is measured', () => {
  assert.deepEqual(parseOptions([]), { quick: false, parts: new Set(PARTS) })
})

test('--quick leaves memory out, --memory brings it back', () => {
  assert.deepEqual(partsOf('--quick'), ['a', 'b', 'c', 'd', 'e', 'f'])
  assert.deepEqual(partsOf('--quick', '--memory'), [...PARTS])
})

test('--only chooses, and --memory adds to the choice', () => {
  assert.deepEqual(partsOf('--only', 'a,c'), ['a', 'c'])
  assert.deepEqual(partsOf('--only=d', '--memory'), ['d', 'memory'])
})

test('--help is no measurement', () => {
  assert.equal(parseOptions(['--quick', '--help']), undefined)
})

test('every mistake is named at once', () => {
  assert.throws(
    () => parseOptions(['--only', 'a,x', '--slow', 'now']),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(error.mistakes, [
        '--only: "x" is none of a, b, c, d, e, f, memory',
        'unknown flag --slow (see --help)',
        '"now" is no flag',
      ])
      return true
    },
  )
})
