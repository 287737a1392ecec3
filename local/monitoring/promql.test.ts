import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exposedNames, mayBeAbsent, namesIn } from './promql.ts'

test('the series of an expression are found, and not its functions, labels, durations or texts', () => {
  const expr = `histogram_quantile(0.99, sum by (pipeline, le) (rate(a_bucket{hop="b_total", le!=""}[$__rate_interval])))
    / on (pipeline) group_left (store) max(c:d:rate offset 1m) or label_replace(e_total, "f", "g", "", "") > 10`
  assert.deepEqual([...namesIn(expr)], ['a_bucket', 'c:d:rate', 'e_total'])
})

test('what is recorded is followed down to what programs expose', () => {
  const groups = [
    {
      name: 'g',
      rules: [
        { record: 'a:b', expr: 'rate(c_total[1m]) + a:d' },
        { record: 'a:d', expr: 'sum(e_total)' },
      ],
    },
  ]
  assert.deepEqual([...exposedNames('a:b > 1', groups)], ['c_total', 'e_total'])
})

test('only series of a cluster may be absent', () => {
  assert.ok(mayBeAbsent('kepler_pod_cpu_joules_total'))
  assert.ok(mayBeAbsent('response_latency_ms_bucket'))
  assert.ok(!mayBeAbsent('freshet_hop_records_total'))
  assert.ok(!mayBeAbsent('redis_up'))
})
