// A page for any scenario: one widget for each view that the schema asks for.
import type { LiveState, SchemaShape, ViewShape } from '../../../lib/page-api.ts'
import { useSpeech } from '../texts.ts'
import { Columns } from './columns.tsx'
import { Latest } from './latest.tsx'
import { Ranking } from './ranking.tsx'
import { ValueSet } from './value-set.tsx'

type Props = { schema: SchemaShape; live: LiveState | undefined }

export function GenericViews({ schema, live }: Props) {
  const views = schema.views.filter(({ kind }) => kind !== 'rate')
  const latest = views.filter(({ kind }) => kind === 'latest')
  const others = views.filter(({ kind }) => kind !== 'latest')
  return (
    <div className={latest.length > 0 && others.length > 0 ? 'two' : 'stack'}>
      {[others, latest]
        .filter((column) => column.length > 0)
        .map((column, index) => (
          <div className="stack" key={index}>
            {column.map((view) => (
              <ViewWidget key={view.name} view={view} live={live} />
            ))}
          </div>
        ))}
    </div>
  )
}

/** The widget of one view. */
export function ViewWidget({ view, live }: { view: ViewShape; live: LiveState | undefined }) {
  const { t } = useSpeech()
  const content = live?.views[view.name]
  const fields = view.fields.join(' + ')
  switch (view.kind) {
    case 'count':
    case 'top':
      return (
        <Ranking
          title={t.by(fields)}
          counts={content as Record<string, number> | undefined}
          joined={view.fields.length > 1}
        />
      )
    case 'histogram':
      return (
        <Columns
          title={t.histogramOf(fields)}
          labels={view.labels ?? []}
          counts={content as Record<string, number> | undefined}
        />
      )
    case 'distinct':
      return (
        <ValueSet
          title={t.seen(fields)}
          values={content as string[] | undefined}
          joined={view.fields.length > 1}
        />
      )
    case 'latest':
      return <Latest title={t.latest} events={content as Record<string, unknown>[] | undefined} />
    case 'rate':
      return null
  }
}
