// The scenario as the page needs it: the fields with their rules, and the views.
import { getOption, hasOption, ScalarType, toJson, type DescField, type JsonObject } from '@bufbuild/protobuf'
import {
  field as rulesOption,
  FieldRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { alias, partition_key as partitionKey } from '../../proto/gen/freshet/v1/options_pb.ts'
import type { FieldShape, SchemaShape, ViewShape } from '../lib/page-api.ts'
import type { View } from '../lib/views.ts'
import type { Options } from './options.ts'

export function describeSchema({ eventType, pipeline, keys, intakes, kafka }: Options): SchemaShape {
  const { schema } = eventType
  const key = hasOption(schema, partitionKey) ? getOption(schema, partitionKey) : undefined
  return {
    pipeline,
    event: schema.typeName,
    ...(key !== undefined && { partitionKey: key }),
    fields: schema.fields.map(describeField),
    views: keys.views.map((view) => describeView(view, `{${pipeline}}:`.length)),
    intakes: [...intakes.keys()],
    stored: kafka === undefined,
  }
}

function describeField(field: DescField): FieldShape {
  const given = hasOption(field, rulesOption) ? getOption(field, rulesOption) : undefined
  const all = given ? (toJson(FieldRulesSchema, given, { useProtoFieldName: true }) as JsonObject) : {}
  const own = given?.type.case === undefined ? {} : (all[given.type.case] as JsonObject)
  // An enum's value without a name for it, 0, is what an absent field has.
  const excluded = field.enum ? ((own['not_in'] as number[] | undefined) ?? []) : []
  return {
    name: field.name,
    aliases: [...getOption(field, alias)],
    kind: kindOf(field),
    ...(field.enum && {
      values: field.enum.values.filter(({ number }) => !excluded.includes(number)).map(({ name }) => name),
    }),
    rules: own,
  }
}

function kindOf(field: DescField): FieldShape['kind'] {
  if (field.fieldKind === 'enum') return 'enum'
  if (field.fieldKind !== 'scalar') return 'other'
  switch (field.scalar) {
    case ScalarType.STRING:
      return 'string'
    case ScalarType.BOOL:
      return 'boolean'
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return 'number'
    case ScalarType.BYTES:
      return 'other'
    default:
      return 'integer'
  }
}

function describeView(view: View, prefixLength: number): ViewShape {
  const name = view.key.slice(prefixLength)
  switch (view.kind) {
    case 'histogram':
      return { name, kind: view.kind, fields: [view.field.name], labels: view.labels }
    case 'latest':
      return { name, kind: view.kind, fields: [], size: view.size }
    case 'rate':
      return { name, kind: view.kind, fields: [], size: view.seconds }
    default:
      return { name, kind: view.kind, fields: view.fields.map((field) => field.name) }
  }
}
