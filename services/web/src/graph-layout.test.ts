import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HopState } from '../../lib/page-api.ts'
import { layOut } from './graph-layout.ts'
import { CLIENTS, graphOf, nodesBetween } from './graph-model.ts'

const hop = (name: string, from: string, to: string[], more: Partial<HopState> = {}): HopState => ({
  name,
  from,
  to,
  fast: [],
  health: 'ready',
  instances: 1,
  perSecond: 10,
  queueBytes: 0,
  accepted: null,
  deadLetters: 0,
  ...more,
})
const ledger = {
  log: { records: 12, partitions: {} },
  mongodb: { documents: 10 },
  redis: { total: 11, positions: {}, fencesSum: 11 },
  lag: { a: 2 },
}
const hops = [
  hop('api', 'http', ['publisher'], { fast: ['writer'] }),
  hop('publisher', 'grpc', ['kafka']),
  hop('writer', 'ws', ['redis'], { perSecond: 7 }),
  hop('archiver', 'kafka', ['mongodb'], { group: 'a' }),
]

test('hops and the stores that they use are nodes; what sends to what is an edge with a rate', () => {
  const { nodes, edges } = graphOf({ hops, ledger })
  assert.deepEqual(
    nodes.map(({ id }) => id),
    [CLIENTS, 'api', 'publisher', 'writer', 'archiver', 'kafka', 'mongodb', 'redis'],
  )
  assert.equal(nodes.find(({ id }) => id === 'archiver')?.lag, 2)
  assert.equal(nodes.find(({ id }) => id === 'kafka')?.holds, 12)
  assert.deepEqual(
    edges.map(({ from, to, rate, bestEffort }) => `${from}>${to} ${rate}${bestEffort ? ' best effort' : ''}`),
    [
      'clients>api 10',
      'api>publisher 10',
      'api>writer 7 best effort',
      'publisher>kafka 10',
      'writer>redis 7',
      'kafka>archiver 10',
      'archiver>mongodb 10',
    ],
  )
})

test('nothing flows to or from what is away, whatever its neighbours still say', () => {
  const broken = hops.map((each) => (each.name === 'publisher' ? { ...each, health: 'away' as const } : each))
  const { edges } = graphOf({ hops: broken, ledger: { ...ledger, redis: { error: 'Redis gave no answer' } } })
  const still = edges.filter(({ rate }) => rate === 0).map(({ from, to }) => `${from}>${to}`)
  assert.deepEqual(still, ['api>publisher', 'publisher>kafka', 'writer>redis'])
})

test('every edge leads to a later column, and a long one is bent around what stands between', () => {
  const graph = graphOf({ hops, ledger })
  const { places, bends, columns } = layOut(graph)
  assert.equal(columns, 6)
  for (const { from, to } of graph.edges) {
    const [a, b] = [places.get(from)!, places.get(to)!]
    assert.ok(a.column < b.column, `${from}>${to}`)
    assert.equal(bends.get(`${from}>${to}`)?.length ?? 0, b.column - a.column - 1)
  }
  const taken = [...places.values()].map(({ column, at }) => `${column} ${at}`)
  assert.equal(new Set(taken).size, taken.length, 'no two things stand in one place')
})

test('a circle in the graph ends, and every node has a place', () => {
  const edge = (from: string, to: string) => ({ from, to, bestEffort: false, rate: 0 })
  const nodes = ['a', 'b', 'c'].map((id) => ({ id, kind: 'hop', health: 'ready' }) as const)
  const { places } = layOut({ nodes, edges: [edge('a', 'b'), edge('b', 'c'), edge('c', 'b')] })
  assert.equal(places.size >= 3, true)
})

test('the way of an event is what lies between its intake and the stores that have it', () => {
  const graph = graphOf({ hops, ledger })
  assert.deepEqual([...nodesBetween(graph, 'api', ['kafka'])].toSorted(), ['api', 'kafka', 'publisher'])
  assert.deepEqual([...nodesBetween(graph, 'api', [])], [])
})
