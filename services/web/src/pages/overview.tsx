// The running pipeline as a graph, its ledger, and one event by hand.
import { useEffect, useMemo, useRef, useState } from 'react'
import { useConnection } from '../connection.ts'
import { CLIENTS, graphOf, nodesBetween, type Graph } from '../graph-model.ts'
import { mergePipeline } from '../merge.ts'
import { useSchema } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { Card, Failed } from '../widgets/card.tsx'
import { useWay, WayList, type Way } from '../widgets/event-way.tsx'
import { GraphView } from '../widgets/graph.tsx'
import { LedgerStrip } from '../widgets/ledger.tsx'
import { Plot } from '../widgets/plot.tsx'
import { Skeleton } from '../widgets/ranking.tsx'
import { SendForm, type Sent } from '../widgets/send-form.tsx'
import { useStatus } from '../widgets/status.tsx'
import type { PipelineState } from '../../../lib/page-api.ts'

/** Readings of the intakes' rate that are kept, about two a second. */
const HISTORY = 240

export function Overview() {
  const { t, short } = useSpeech()
  const held = useConnection('/pipeline', mergePipeline)
  const { state } = held
  useStatus(held)
  const schema = useSchema()
  const [sent, setSent] = useState<Sent>()
  const way = useWay(sent)
  const graph = useMemo(() => state && graphOf(state), [state])
  const lit = useMemo(() => litBy(graph, sent, way), [graph, sent, way])
  const { times, values } = useHistory(state)
  const old = held.phase === 'old' || (held.phase === 'lost' && state !== undefined)

  return (
    <div className="page" data-old={old || undefined}>
      <h1 className="unseen">{t.pages.overview}</h1>
      <LedgerStrip state={state} />
      <Card title={t.graph.title} note={t.graph.bestEffort}>
        {graph ? (
          <GraphView graph={graph} lit={lit} />
        ) : (
          <div className="graph-room">
            <Skeleton rows={6} />
          </div>
        )}
      </Card>
      <div className="three">
        <Card title={t.send.title}>
          {schema.error ? (
            <Failed reason={schema.error.message} again={schema.again} />
          ) : schema.value ? (
            <SendForm schema={schema.value} onSent={setSent} />
          ) : (
            <Skeleton rows={5} />
          )}
        </Card>
        <>
          <Card title={t.way.title}>
            <div className="way-room">
              <WayList sent={sent} way={way} hasKafka={state?.ledger.log !== undefined} />
            </div>
          </Card>
          <Card title={t.intakeRate}>
            <Plot times={times} values={values} height={180} label={t.intakeRate} format={short} />
          </Card>
        </>
      </div>
    </div>
  )
}

/** What the event that was sent has passed. */
function litBy(graph: Graph | undefined, sent: Sent | undefined, way: Way): Set<string> {
  if (!graph || !sent) return new Set()
  const has = (id: string) => graph.nodes.some((node) => node.id === id)
  const log = has('kafka') ? 'kafka' : 'mongodb'
  const ends = [
    way.log !== undefined && log,
    way.mongodb !== undefined && 'mongodb',
    way.redis !== undefined && 'redis',
  ]
  const lit = nodesBetween(
    graph,
    sent.intake,
    ends.filter((end) => end !== false),
  )
  return new Set([...lit, sent.intake, CLIENTS])
}

/** The rate at the intakes, as far as this page has seen it. */
function useHistory(state: PipelineState | undefined): { times: number[]; values: (number | null)[] } {
  const [history, setHistory] = useState<{ times: number[]; values: (number | null)[] }>({
    times: [],
    values: [],
  })
  const lastAt = useRef<string>(undefined)
  useEffect(() => {
    if (!state || state.at === lastAt.current) return
    lastAt.current = state.at
    const intakes = state.hops.filter(({ from }) => from === 'http')
    const known = intakes.filter(({ perSecond }) => perSecond !== null)
    const rate = known.length === 0 ? null : known.reduce((sum, { perSecond }) => sum + perSecond!, 0)
    setHistory(({ times, values }) => ({
      times: [...times, Date.parse(state.at) / 1_000].slice(-HISTORY),
      values: [...values, rate].slice(-HISTORY),
    }))
  }, [state])
  return history
}
