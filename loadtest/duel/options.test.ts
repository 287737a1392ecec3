import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../services/lib/errors.ts'
import { parseOptions, PARTS } from './options.ts'

test('without flags all parts of the routes are measured in full', () => {
  assert.deepEqual(parseOptions([]), { what: 'routes', parts: new Set(PARTS), quick: false })
})

test('parts are chosen by name, ingress by --what', () => {
  const chosen = parseOptions(['--only', 'wire,encoding', '--quick'])
  assert.deepEqual(chosen, { what: 'routes', parts: new Set(['wire', 'encoding']), quick: true })
  assert.equal(parseOptions(['--what=ingress'])?.what, 'ingress')
  assert.equal(parseOptions(['--help']), undefined)
})

test('all mistakes are named at once', () => {
  assert.throws(
    () => parseOptions(['fast', '--only', 'wire,air', '--what', 'egress', '--loud']),
    (error: ConfigError) =>
      error.mistakes.length === 4 &&
      ['fast', 'air', 'egress', '--loud'].every((word, index) => error.mistakes[index]!.includes(word)),
  )
  assert.throws(() => parseOptions(['--what', 'ingress', '--only', 'wire']), ConfigError)
})
