// The live views of a pipeline as they are in Redis: what the schema asks for, read by Grafana's Redis data source.
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Pipeline } from '../../../pipelines/pipeline.ts'
import { loadEventType } from '../../../services/lib/event-type.ts'
import { viewsOf, type View } from '../../../services/lib/views.ts'
import { dashboardOf, redisBars, redisFigure, redisRows, type AnyPanel } from './panels.ts'

/** Bars beyond that cannot be told apart. */
const MOST_BARS = 20

export function viewsDashboard({ name, event }: Pipeline): DashboardBuilder {
  const { total, views } = viewsOf(loadEventType(event).schema, name)
  const panels = views.flatMap((view) => panelsOf(name, view))
  const first = redisFigure(name, 'events', { type: 'command', command: 'get', keyName: total })
  return dashboardOf(`freshet-${name}-views`, `${name}: live views`, [['', [first, ...panels]]])
}

function panelsOf(pipeline: string, view: View): AnyPanel[] {
  const { key } = view
  const title = key.slice(key.indexOf(':') + 1)
  switch (view.kind) {
    case 'count':
      return [redisBars(pipeline, title, { type: 'command', command: 'hgetall', keyName: key }, MOST_BARS)]
    case 'histogram': {
      // By name, because a hash has no order.
      const field = view.labels.join(' ')
      return [redisBars(pipeline, title, { type: 'command', command: 'hmget', keyName: key, field })]
    }
    case 'rate':
      return [redisBars(pipeline, title, { type: 'command', command: 'hgetall', keyName: key })]
    case 'top': {
      const range = { min: `-${MOST_BARS}`, max: '-1', zrangeQuery: '' } as const
      const command = { type: 'command', command: 'zrange', keyName: key, ...range } as const
      return [redisBars(pipeline, title, command, MOST_BARS)]
    }
    case 'distinct':
      return [
        redisFigure(pipeline, title, { type: 'cli', query: `SCARD ${key}` }),
        redisRows(pipeline, title, { type: 'cli', query: `SMEMBERS ${key}` }, false),
      ]
    case 'latest':
      return [redisRows(pipeline, title, { type: 'cli', query: `ZREVRANGE ${key} 0 ${view.size - 1}` }, true)]
  }
}
