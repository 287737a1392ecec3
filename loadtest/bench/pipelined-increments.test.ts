import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPerSecond } from './pipelined-increments.ts'

test('the rate is read from the last line of --csv, with and without a head', () => {
  const line = '"HINCRBY {bench}:increments field 1","1210000.50","2.411","0.256","2.407","2.951","3.5","5.2"'
  assert.equal(readPerSecond(`"test","rps","avg_latency_ms"\n${line}\n`), 1_210_000.5)
  assert.equal(readPerSecond('"HINCRBY a f 1","950.00"'), 950)
  assert.equal(readPerSecond('Could not connect to Redis'), undefined)
})
