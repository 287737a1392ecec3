// What was decided, for people.
import { colours } from '../colours.ts'
import { RELIABLE_ROWS, type Field, type Schema } from './decide.ts'
import type { Plan } from './plan.ts'
import { messageName } from './texts.ts'

export function describePlan(name: string, { schema, sample, rows, files }: Plan): string {
  const width = Math.max(...schema.fields.map((field) => field.name.length))
  const made = rows.length - sample.length
  const combined =
    made > 0 ? `${count(sample.length)} of the sample, ${count(made)} recombined` : 'the sample'
  return [
    `${colours.bold(name)}: scenarios.${messageName(name)}, from ${count(sample.length)} rows`,
    '',
    ...schema.fields.map((field) => `  ${field.name.padEnd(width)}  ${describeField(field)}`),
    '',
    ...describeViews(schema),
    `  data set       ${count(rows.length)} rows: ${combined}`,
    ...(sample.length < RELIABLE_ROWS
      ? [
          '',
          colours.yellow(
            `  A sample of ${sample.length} cannot tell which values repeat: look at the views.`,
          ),
        ]
      : []),
    '',
    ...[...files.keys()].map((file) => `  wrote ${file}`),
  ].join('\n')
}

function describeField({ type, rules, jsonName, column }: Field): string {
  const { kind, least, most, missing, distinct } = column
  const seen = {
    text: `${least} to ${most} characters, ${count(distinct)} different`,
    number: `${least} to ${most}`,
    truth: `${distinct} different`,
  }[kind]
  const notes = [
    `sample: ${seen}`,
    ...(jsonName === undefined ? [] : [`JSON name ${JSON.stringify(jsonName)}`]),
    ...(missing > 0 ? [`absent in ${count(missing)} rows, which then have its default`] : []),
    ...(type === 'int64' ? ['read back as a string, as JSON of protobuf has 64 bits'] : []),
  ]
  const limits = Object.entries(rules).map(([rule, value]) => ` ${rule} ${value}`)
  return `${type}${limits.join(',')}  ${colours.dim(`(${notes.join('; ')})`)}`
}

function describeViews({ key, counts, histogram }: Schema): string[] {
  return [
    `  partition key  ${key ? key.name : 'none: events are spread'}`,
    ...counts.map(
      ({ view, field, maxKeys }) => `  ${view.padEnd(13)}  ${field.name}, at most ${maxKeys} keys`,
    ),
    ...(histogram ? [`  histogram      ${histogram.field.name}: ${histogram.bounds.join(', ')}`] : []),
    '  and            total, latest, rate_seconds',
  ]
}

export function nextCommands(name: string, files: Iterable<string>): string {
  return `Next:
  make up PIPELINE=${name}      the live page
  make demo PIPELINE=${name}    10,000 events, audited
  git add ${[...files].join(' ')} proto/gen`
}

function count(n: number): string {
  return n.toLocaleString('en-US')
}
