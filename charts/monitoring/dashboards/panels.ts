// Panels as the dashboards need them: a title, a unit, queries.
import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart'
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common'
import { DashboardBuilder, RowBuilder, type Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { prometheusUid, redisUid } from '../names.ts'

export const prometheus = { type: 'prometheus', uid: prometheusUid }

/** Grafana's words for units. */
export type Unit =
  | 'short'
  | 'percentunit'
  | 's'
  | 'ms'
  | 'bytes'
  | 'ops'
  | 'reqps'
  | 'watt'
  | 'joule'
  | 'massg'

export type Query = { expr: string; legend?: string }

/** What a rate is taken over: Grafana puts in four scrapes or a step, whichever is longer. */
export const RATE = '[$__rate_interval]'

const letters = 'ABCDEFGHIJ'

/** `table` gives each label a column, and only the newest value. */
export function promQuery({ expr, legend = '' }: Query, index: number, table = false): DataqueryBuilder {
  const query = new DataqueryBuilder().expr(expr).legendFormat(legend).refId(letters[index]!)
  return table ? query.instant().format(PromQueryFormat.Table) : query.range()
}

export function lines(title: string, unit: Unit, description: string, ...queries: Query[]): TimeSeries {
  const panel = new TimeSeries().title(title).description(description).unit(unit).min(0).span(8).height(7)
  panel.datasource(prometheus).targets(queries.map((query, index) => promQuery(query, index)))
  return panel
}

const newest = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull'])

export function figure(title: string, unit: Unit, description: string, query: Query): StatPanel {
  const panel = new StatPanel().title(title).description(description).unit(unit).span(4).height(4)
  return panel
    .datasource(prometheus)
    .withTarget(promQuery(query, 0))
    .noValue('no data')
    .reduceOptions(newest())
}

/** A query of the Redis data source, as that plugin has it. */
export type RedisTarget = Dataquery & {
  refId: 'A'
  datasource: { type: 'redis-datasource'; uid: string }
  query: string
} & (
    | { type: 'command'; command: 'get' | 'hgetall'; keyName: string }
    | { type: 'command'; command: 'hmget'; keyName: string; field: string }
    | { type: 'command'; command: 'zrange'; keyName: string; min: string; max: string; zrangeQuery: '' }
    | { type: 'cli' }
  )

type Wanted<T> = T extends unknown
  ? Omit<T, 'refId' | 'datasource' | 'query' | '_implementsDataqueryVariant'>
  : never
export type RedisCommand = Wanted<Exclude<RedisTarget, { type: 'cli' }>> | { type: 'cli'; query: string }

function redisQuery(pipeline: string, command: RedisCommand): Builder<Dataquery> {
  const datasource = { type: 'redis-datasource', uid: redisUid(pipeline) }
  return { build: () => ({ query: '', ...command, refId: 'A', datasource }) as unknown as Dataquery }
}

export function redisFigure(pipeline: string, title: string, command: RedisCommand): StatPanel {
  return new StatPanel()
    .title(title)
    .description(`From Redis: ${textOf(command)}`)
    .datasource({ type: 'redis-datasource', uid: redisUid(pipeline) })
    .withTarget(redisQuery(pipeline, command))
    .reduceOptions(newest())
    .unit('short')
    .span(6)
    .height(8)
}

/** Bars of a hash or sorted set: one for each key, the `most` largest where that is given. */
export function redisBars(pipeline: string, title: string, command: RedisCommand, most?: number): BarChart {
  const panel = new BarChart()
    .title(title)
    .description(`From Redis: ${textOf(command)}`)
    .datasource({ type: 'redis-datasource', uid: redisUid(pipeline) })
    .withTarget(redisQuery(pipeline, command))
    // The plugin gives a column for each key; bars want a row.
    .withTransformation({ id: 'reduce', options: { reducers: ['last'], mode: 'seriesToRows' } })
    .xField('Field')
    .span(12)
    .height(8)
  if (most === undefined) return panel
  return panel
    .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'Last', desc: true }] } })
    .withTransformation({ id: 'limit', options: { limitField: most } })
}

export function redisRows(pipeline: string, title: string, command: RedisCommand, json: boolean): TablePanel {
  const panel = new TablePanel()
    .title(title)
    .description(`From Redis: ${textOf(command)}`)
    .datasource({ type: 'redis-datasource', uid: redisUid(pipeline) })
    .withTarget(redisQuery(pipeline, command))
    .span(12)
    .height(8)
  const options = { source: 'Value', format: 'json', replace: true }
  return json ? panel.withTransformation({ id: 'extractFields', options }) : panel
}

function textOf(command: RedisCommand): string {
  return commandOf(command).join(' ')
}

/** What the plugin sends to Redis. */
export function commandOf(command: RedisCommand): string[] {
  if (command.type === 'cli') return command.query.split(' ')
  switch (command.command) {
    case 'get':
    case 'hgetall':
      return [command.command.toUpperCase(), command.keyName]
    case 'hmget':
      return ['HMGET', command.keyName, ...command.field.split(' ')]
    case 'zrange':
      return ['ZRANGE', command.keyName, command.min, command.max, 'WITHSCORES']
  }
}

export type AnyPanel = Builder<Panel>

/** A dashboard whose panels stand in rows, in their order. */
export function dashboardOf(
  uid: string,
  title: string,
  rows: [title: string, panels: AnyPanel[]][],
): DashboardBuilder {
  const board = new DashboardBuilder(title).uid(uid).tags(['freshet']).editable().refresh('10s')
  board.time({ from: 'now-15m', to: 'now' }).timezone('browser')
  for (const [row, panels] of rows) {
    board.withRow(new RowBuilder(row))
    for (const panel of panels) board.withPanel(panel)
  }
  return board
}
