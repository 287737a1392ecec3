// The three files of a scenario, as text.
import type { Row } from '../../loadtest/data-file.ts'
import type { Field, Schema } from './decide.ts'

const LATEST = 20
const RATE_SECONDS = 120

/** `rain` → `RainEvent`. */
export function messageName(scenario: string): string {
  return `${scenario.charAt(0).toUpperCase()}${scenario.slice(1)}Event`
}

export function protoText(scenario: string, { fields, key, counts, histogram }: Schema): string {
  const list = (view: 'count_by' | 'top') =>
    counts
      .filter((count) => count.view === view)
      .flatMap(({ field, maxKeys }) => block(view, [`fields: ["${field.name}"]`, `max_keys: ${maxKeys}`]))
  const live = [
    ...list('count_by'),
    ...list('top'),
    ...(histogram
      ? block('histogram', [`field: "${histogram.field.name}"`, `bounds: [${histogram.bounds.join(', ')}]`])
      : []),
    `latest: ${LATEST}`,
    `rate_seconds: ${RATE_SECONDS}`,
  ]
  const bodies = fields.map((field, index) => fieldLines(field, index + 1))
  return [
    'syntax = "proto3";',
    '',
    'package scenarios;',
    '',
    ...(fields.some(({ rules }) => Object.keys(rules).length > 0)
      ? ['import "buf/validate/validate.proto";']
      : []),
    'import "freshet/v1/options.proto";',
    '',
    `// An event of ${scenario}. Types, rules and views are inferred from a sample: make them yours.`,
    `message ${messageName(scenario)} {`,
    ...(key ? [`  option (freshet.v1.partition_key) = "${key.name}";`] : []),
    '  option (freshet.v1.live) = {',
    ...live.map((line) => `    ${line}`),
    '  };',
    '',
    ...bodies.flat().map((line) => `  ${line}`),
    '}',
    '',
  ].join('\n')
}

function block(name: string, lines: string[]): string[] {
  return [`${name}: {`, ...lines.map((line) => `  ${line}`), '}']
}

function fieldLines({ name, type, rules, jsonName }: Field, number: number): string[] {
  const options: string[][] = []
  if (jsonName !== undefined) options.push([`json_name = ${JSON.stringify(jsonName)}`])
  const pairs = Object.entries(rules).map(([rule, value]) => `${rule}: ${value}`)
  if (pairs.length > 0) {
    options.push([`(buf.validate.field).${type} = {`, ...pairs.map((pair) => `  ${pair}`), '}'])
  }
  if (options.length === 0) return [`${type} ${name} = ${number};`]
  const lines = options.flatMap((option, index) => {
    const comma = index < options.length - 1 ? ',' : ''
    return option.map((line, at) => (at === option.length - 1 ? `  ${line}${comma}` : `  ${line}`))
  })
  return [`${type} ${name} = ${number} [`, ...lines, '];']
}

export function pipelineText(scenario: string): string {
  return `import type { Pipeline } from './pipeline.ts'

/** Events of ${scenario}: HTTP → gRPC → Kafka → MongoDB, and HTTP → WebSocket → Redis as the fast path. */
export const pipeline: Pipeline = {
  name: '${scenario}',
  event: 'scenarios.${messageName(scenario)}',
  namespace: '${scenario}',
  topic: { name: '${scenario}', partitions: 3 },
  database: '${scenario}',
  hops: {
    api: {
      pod: 'intake',
      from: { http: 8080 },
      to: [{ hop: 'publisher' }],
      fastPaths: [{ hop: 'live-writer' }],
    },
    publisher: { pod: 'intake', from: { grpc: 50051 }, to: [{ store: 'kafka' }] },
    'live-writer': { pod: 'intake', from: { ws: 9001 }, to: [{ store: 'redis' }] },
    archiver: { pod: 'archiver', from: { group: '${scenario}-archiver' }, to: [{ store: 'mongodb' }] },
    // Normally it finds everything done by the fast path, so it need not hurry.
    repair: { pod: 'repair', from: { group: '${scenario}-repair', waitMs: 500 }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081 },
  rows: 'loadtest/data/${scenario}.json',
}
`
}

/** One row a line, as the other data sets have them. */
export function dataText(rows: Row[]): string {
  return `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`
}
