import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultJsonName, fieldNamesOf } from './field-names.ts'

const cases: [string, string[], string[]][] = [
  ['fitting names stay', ['text', 'first_name', 'x2'], ['text', 'first_name', 'x2']],
  [
    'others become lower snake case',
    ['firstName', 'Precio (Q)', 'x-1', 'a__b'],
    ['first_name', 'precio_q', 'x_1', 'a_b'],
  ],
  ['accents go, other scripts are numbered', ['año', '温度'], ['ano', 'field_2']],
  [
    'what documents use themselves is put aside',
    ['id', '_id', 'time'],
    ['field_id', 'field_id_2', 'field_time'],
  ],
  ['a digit does not come first', ['1st'], ['field_1st']],
  ['no two are equal', ['A', 'B', 'b', 'a'], ['a_2', 'b_2', 'b', 'a']],
  ['none is the name of another column', ['x y', 'x_y_2', 'x_y'], ['x_y_3', 'x_y_2', 'x_y']],
]
for (const [rule, columns, names] of cases) {
  test(`field names: ${rule}`, () => assert.deepEqual(fieldNamesOf(columns), names))
}

test('the JSON name that protobuf makes of a field is known', () => {
  for (const [field, json] of [
    ['first_name', 'firstName'],
    ['x_1', 'x1'],
    ['text', 'text'],
  ])
    assert.equal(defaultJsonName(field!), json)
})
