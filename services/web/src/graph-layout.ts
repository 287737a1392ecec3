// Where the nodes of a graph stand: in columns by how far they are from the clients, with few crossings.
import type { Graph } from './graph-model.ts'

export type Point = { x: number; y: number }
export type Layout = {
  columns: number
  /** The most nodes, and passing edges, in one column. */
  rows: number
  /** Column, and place in it from 0 to 1. */
  places: Map<string, { column: number; at: number }>
  /** For edges over several columns: where they pass those between. By `from>to`. */
  bends: Map<string, { column: number; at: number }[]>
}

const SWEEPS = 6

export function layOut({ nodes, edges }: Graph): Layout {
  const columnOf = findColumns(
    nodes.map(({ id }) => id),
    edges,
  )
  const columns: string[][] = []
  const links: [from: string, to: string][] = []
  const chains = new Map<string, string[]>()
  for (const { id } of nodes) (columns[columnOf.get(id)!] ??= []).push(id)
  for (const { from, to } of edges) {
    let last = from
    const chain: string[] = []
    for (let column = columnOf.get(from)! + 1; column < columnOf.get(to)!; column++) {
      const bend = `${from}>${to}#${column}`
      chain.push(bend)
      ;(columns[column] ??= []).push(bend)
      links.push([last, bend])
      last = bend
    }
    links.push([last, to])
    if (chain.length > 0) chains.set(`${from}>${to}`, chain)
  }
  sortColumns(columns, links)
  const places = new Map<string, { column: number; at: number }>()
  columns.forEach((column, index) =>
    column.forEach((id, row) => places.set(id, { column: index, at: (row + 0.5) / column.length })),
  )
  const bends = new Map([...chains].map(([edge, chain]) => [edge, chain.map((bend) => places.get(bend)!)]))
  return { columns: columns.length, rows: Math.max(...columns.map(({ length }) => length)), places, bends }
}

/** The longest way to each node; an edge that closes a circle counts for nothing. */
function findColumns(ids: string[], edges: { from: string; to: string }[]): Map<string, number> {
  const columns = new Map<string, number>()
  const visit = (id: string, above: Set<string>): number => {
    const known = columns.get(id)
    if (known !== undefined) return known
    const senders = edges.filter(({ from, to }) => to === id && !above.has(from)).map(({ from }) => from)
    const column = Math.max(0, ...senders.map((from) => visit(from, new Set([...above, id])) + 1))
    columns.set(id, column)
    return column
  }
  for (const id of ids) visit(id, new Set())
  return columns
}

/** Puts each node near the middle of its neighbours, column by column, there and back. */
function sortColumns(columns: string[][], links: [string, string][]): void {
  const placeOf = new Map<string, number>()
  const note = (column: string[]) => column.forEach((id, row) => placeOf.set(id, (row + 0.5) / column.length))
  columns.forEach(note)
  const middle = (id: string, side: 0 | 1) => {
    const places = links
      .filter((link) => link[side === 0 ? 1 : 0] === id)
      .map((link) => placeOf.get(link[side])!)
    return places.length === 0
      ? placeOf.get(id)!
      : places.reduce((sum, place) => sum + place, 0) / places.length
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const side = sweep % 2 === 0 ? 0 : 1
    for (const column of side === 0 ? columns : columns.toReversed()) {
      const wanted = new Map(column.map((id) => [id, middle(id, side)]))
      column.sort((a, b) => wanted.get(a)! - wanted.get(b)!)
      note(column)
    }
  }
}
