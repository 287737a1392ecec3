// The pipeline as a graph: nodes stand in columns from the clients on, or in rows where the window is narrow.
import { memo, useEffect, useMemo, useRef, useState } from 'react'
import { layOut, type Layout, type Point } from '../graph-layout.ts'
import type { Graph, GraphEdge, GraphNode } from '../graph-model.ts'
import { useSpeech, type Speech } from '../texts.ts'

const NODE = { width: 126, height: 62 }
const NARROW_PX = 760
const ROW_PX = 92
const NARROW_ROW_PX = 104

export type GraphViewProps = { graph: Graph; lit: Set<string> }

export function GraphView({ graph, lit }: GraphViewProps) {
  const speech = useSpeech()
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(() => Math.min(innerWidth - 40, 1_140))
  useEffect(() => {
    const sized = new ResizeObserver(() => setWidth(box.current!.clientWidth))
    sized.observe(box.current!)
    return () => sized.disconnect()
  }, [])
  // The places follow from who sends to whom, and not from the figures.
  const shape = JSON.stringify([
    graph.nodes.map(({ id }) => id),
    graph.edges.map(({ from, to }) => [from, to]),
  ])
  const layout = useMemo(() => layOut(graph), [shape]) // oxlint-disable-line react-hooks/exhaustive-deps
  const narrow = width < NARROW_PX
  const place = placer(layout, width, narrow)
  const height = narrow ? layout.columns * NARROW_ROW_PX : Math.max(2, layout.rows) * ROW_PX + 24
  const ids = new Map(graph.nodes.map((node) => [node.id, node]))

  return (
    <div ref={box} className="graph" style={{ height }}>
      <svg width={width} height={height} aria-hidden="true">
        {graph.edges.map((edge) => {
          const key = `${edge.from}>${edge.to}`
          const points = [
            place(layout.places.get(edge.from)!),
            ...(layout.bends.get(key) ?? []).map(place),
            place(layout.places.get(edge.to)!),
          ]
          return (
            <Edge
              key={key}
              edge={edge}
              points={points}
              narrow={narrow}
              lit={lit.has(edge.from) && lit.has(edge.to)}
              speech={speech}
            />
          )
        })}
      </svg>
      <ul aria-label={speech.t.graph.list}>
        {graph.nodes.map((node) => {
          const { x, y } = place(layout.places.get(node.id)!)
          const nodeWidth = widthOf(layout, width, narrow)
          return (
            <li
              key={node.id}
              className="node"
              data-node={node.id}
              data-kind={node.kind}
              data-health={ids.get(node.id)!.health}
              data-lit={lit.has(node.id) || undefined}
              title={node.reason}
              style={{
                left: x - nodeWidth / 2,
                top: y - NODE.height / 2,
                width: nodeWidth,
                height: NODE.height,
              }}
            >
              <NodeText node={node} speech={speech} />
            </li>
          )
        })}
      </ul>
      <ul className="unseen">
        {graph.edges.map(({ from, to, rate }) => (
          <li key={`${from}>${to}`} data-edge={`${from}>${to}`} data-rate={rate ?? ''}>
            {speech.t.graph.edge(from, to, rateText(rate, speech))}
          </li>
        ))}
      </ul>
    </div>
  )
}

function widthOf(layout: Layout, width: number, narrow: boolean): number {
  return narrow
    ? Math.min(NODE.width, width / Math.max(2, layout.rows) - 10)
    : Math.min(NODE.width, width / layout.columns - 44)
}

function placer(layout: Layout, width: number, narrow: boolean) {
  const half = widthOf(layout, width, narrow) / 2
  return ({ column, at }: { column: number; at: number }): Point => {
    const along = layout.columns > 1 ? column / (layout.columns - 1) : 0
    if (narrow) return { x: width * at, y: NARROW_ROW_PX * (column + 0.5) }
    return { x: half + 2 + along * (width - 2 * half - 4), y: 12 + Math.max(2, layout.rows) * ROW_PX * at }
  }
}

function rateText(rate: number | null, { t, short }: Speech): string {
  return rate === null ? '–' : t.second(short(rate))
}

type EdgeProps = { edge: GraphEdge; points: Point[]; narrow: boolean; lit: boolean; speech: Speech }

const Edge = memo(function Edge({ edge, points, narrow, lit, speech }: EdgeProps) {
  const path = curve(points, narrow)
  const rate = edge.rate ?? 0
  // Four speeds say enough; the figure is beside.
  const speed = rate <= 0 ? 'none' : rate < 20 ? 'slow' : rate < 500 ? 'medium' : 'fast'
  const [a, b] = labelBetween(points)
  return (
    <g
      className="edge"
      data-best-effort={edge.bestEffort || undefined}
      data-speed={speed}
      data-lit={lit || undefined}
    >
      <path d={path} className="line" />
      {speed !== 'none' && <path d={path} className="flow" />}
      <text x={(a.x + b.x) / 2} y={(a.y + b.y) / 2 - (narrow ? 0 : 7)} textAnchor="middle">
        {rateText(edge.rate, speech)}
      </text>
    </g>
  )
}, sameEdge)

function sameEdge(a: EdgeProps, b: EdgeProps): boolean {
  return (
    a.edge.rate === b.edge.rate &&
    a.lit === b.lit &&
    a.narrow === b.narrow &&
    a.speech === b.speech &&
    JSON.stringify(a.points) === JSON.stringify(b.points)
  )
}

/** The two points in the middle of the way. */
function labelBetween(points: Point[]): [Point, Point] {
  const at = Math.floor((points.length - 1) / 2)
  return [points[at]!, points[at + 1] ?? points[at]!]
}

/** Leaves and enters every point along the direction of the flow. */
function curve(points: Point[], narrow: boolean): string {
  const [first, ...rest] = points
  let { x, y } = first!
  let path = `M${x} ${y}`
  for (const to of rest) {
    path += narrow
      ? ` C${x} ${(y + to.y) / 2} ${to.x} ${(y + to.y) / 2} ${to.x} ${to.y}`
      : ` C${(x + to.x) / 2} ${y} ${(x + to.x) / 2} ${to.y} ${to.x} ${to.y}`
    ;({ x, y } = to)
  }
  return path
}

function NodeText({ node, speech: { t, short, number } }: { node: GraphNode; speech: Speech }) {
  const { id, kind, health, from, queueBytes, lag, holds } = node
  if (kind === 'clients') return <strong>{t.graph.clients}</strong>
  const figures =
    kind === 'store'
      ? [holds === undefined ? '–' : number(holds)]
      : [...(lag === undefined ? [] : [t.graph.lag(short(lag))]), t.graph.queue(bytesText(queueBytes ?? 0))]
  return (
    <>
      <strong>{storeNames[id] ?? id}</strong>
      <span className="health">
        {t.graph[health]}
        {from !== undefined && health !== 'away' && <span> · {from}</span>}
      </span>
      <span className="figures">{figures.join(' · ')}</span>
    </>
  )
}

export const storeNames: Record<string, string> = { kafka: 'Kafka', mongodb: 'MongoDB', redis: 'Redis' }

function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
