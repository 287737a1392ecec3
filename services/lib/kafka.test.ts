import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIdentity, parseIdentity } from './kafka.ts'

const identities = [
  { origin: 'Zk3vQ9aa', partition: 0, seq: 1, timeUs: 1_764_000_000_000_001, route: 'api' },
  { origin: 'with-dashes-9', partition: 9_999, seq: 4_503_599_627_370_495, timeUs: 0, route: 'a-b' },
  { origin: '-', partition: 3, seq: 7, timeUs: 5, route: '' },
  { origin: 'x', partition: 1, seq: 2, timeUs: 3, route: 'semi;colon' },
]
for (const identity of identities) {
  const { origin, partition, seq, timeUs, route } = identity
  const header = formatIdentity(origin, partition, BigInt(seq), BigInt(timeUs), route)
  test(`an identity reads back as it was written: ${header}`, () => {
    assert.deepEqual(parseIdentity(header), identity)
    assert.deepEqual(parseIdentity(Buffer.from(header)), identity)
  })
}

const foreign: [name: string, header: Parameters<typeof parseIdentity>[0]][] = [
  ['none', undefined],
  ['two of them', ['a-0-1;1;r', 'a-0-2;1;r']],
  ['an empty one', ''],
  ['a word', 'hello'],
  ['no time', 'a-0-1'],
  ['no route', 'a-0-1;5'],
  ['no id', ';5;r'],
  ['no partition', 'a-1;5;r'],
  ['no origin', '-0-1;5;r'],
  ['seq 0', 'a-0-0;5;r'],
  ['a seq that is no number', 'a-0-x;5;r'],
  ['a broken seq', 'a-0-1.5;5;r'],
  ['a seq without end', 'a-0-1e999;5;r'],
  ['a seq beyond 64 bits', 'a-0-99999999999999999999;5;r'],
  ['a partition that is no number', 'a-x-1;5;r'],
  ['a partition beyond 32 bits', 'a-99999999999-1;5;r'],
  ['an empty partition', 'a--1;5;r'],
  ['a time that is no number', 'a-0-1;now;r'],
  ['a negative time', 'a-0-1;-5;r'],
  ['a broken time', 'a-0-1;1.5;r'],
  ['a time without end', 'a-0-1;Infinity;r'],
  ['a time beyond 64 bits', 'a-0-1;99999999999999999999;r'],
]
for (const [name, header] of foreign) {
  test(`a foreign producer's header gives no identity: ${name}`, () => {
    assert.equal(parseIdentity(header), undefined)
  })
}
