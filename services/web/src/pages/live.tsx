// The scenario's views in real time: widgets that the schema chooses, or the page that was made for the scenario.
import { lazy, Suspense, useMemo, type ComponentType } from 'react'
import type { LiveState, SchemaShape } from '../../../lib/page-api.ts'
import { useConnection } from '../connection.ts'
import { mergeLive } from '../merge.ts'
import { useSchema } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { Card, Failed } from '../widgets/card.tsx'
import { Skeleton } from '../widgets/ranking.tsx'
import { useStatus } from '../widgets/status.tsx'
import { GenericViews } from '../widgets/generic-views.tsx'
import { Figures } from '../widgets/figures.tsx'
import { madeToFit } from '../scenarios/all.ts'

export type ScenarioProps = { schema: SchemaShape; live: LiveState | undefined }

const made = Object.fromEntries(
  Object.entries(madeToFit).map(([event, load]) => [
    event,
    lazy(() => load().then((Page) => ({ default: Page }))),
  ]),
)

export function LivePage() {
  const { t } = useSpeech()
  const held = useConnection('/live', mergeLive)
  const { state } = held
  const schema = useSchema()
  useStatus(held)
  const rate = schema.value?.views.find(({ kind }) => kind === 'rate')
  const Views: ComponentType<ScenarioProps> = useMemo(
    () => (schema.value && made[schema.value.event]) ?? GenericViews,
    [schema.value],
  )
  const old = held.phase === 'old' || (held.phase === 'lost' && state !== undefined)
  return (
    <div className="page" data-old={old || undefined}>
      <h1 className="unseen">{t.pages.live}</h1>
      <Figures
        total={state?.total}
        rate={rate && (state?.views[rate.name] as Record<string, number> | undefined)}
        seconds={rate?.size ?? (schema.value ? undefined : 120)}
        at={state?.at}
      />
      {schema.error ? (
        <Card title={t.pages.live}>
          <Failed reason={schema.error.message} again={schema.again} />
        </Card>
      ) : schema.value ? (
        <Suspense fallback={<Waiting />}>
          <Views schema={schema.value} live={state} />
        </Suspense>
      ) : (
        <Waiting />
      )}
    </div>
  )
}

function Waiting() {
  return (
    <div className="two">
      <section className="card">
        <Skeleton rows={10} />
      </section>
      <section className="card">
        <Skeleton rows={10} />
      </section>
    </div>
  )
}
