// What the tests of the fast encoders share: a message with every kind of field that they know, and tricky events.
import {
  create,
  createFileRegistry,
  ScalarType,
  setExtension,
  type DescField,
  type DescMessage,
  type JsonValue,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import {
  field as rulesOption,
  FieldRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'

type Rules = MessageInitShape<typeof FieldRulesSchema>['type']

export function fieldOf(number: number, name: string, type: Type, rules?: Rules, extra: object = {}) {
  const options = create(FieldOptionsSchema)
  if (rules) setExtension(options, rulesOption, create(FieldRulesSchema, { type: rules }))
  const jsonName = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return { name, jsonName, number, type, label: Label.OPTIONAL, options, ...extra }
}

export function messageOf(...field: ReturnType<typeof fieldOf>[]): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: 'test.proto',
    package: 'test',
    syntax: 'proto3',
    enumType: [
      {
        name: 'Sky',
        value: [
          { name: 'SKY_UNSPECIFIED', number: 0 },
          { name: 'SKY_CLEAR', number: 1 },
          { name: 'SKY_STORM', number: 300 },
        ],
      },
    ],
    messageType: [{ name: 'Event', field }],
  })
  return createFileRegistry(file, () => undefined).getMessage('test.Event')!
}

const ofSky = { typeName: '.test.Sky' }
export const everything = messageOf(
  fieldOf(3, 'free_text', Type.STRING),
  fieldOf(1, 'text', Type.STRING, { case: 'string', value: { minLen: 1n, maxLen: 280n } }),
  fieldOf(2, 'country', Type.STRING, { case: 'string', value: { minLen: 2n, maxLen: 56n } }),
  fieldOf(4, 'color', Type.STRING, { case: 'string', value: { in: ['red', 'grün', ''] } }),
  fieldOf(5, 'age', Type.INT32, {
    case: 'int32',
    value: { greaterThan: { case: 'gte', value: 0 }, lessThan: { case: 'lt', value: 130 } },
  }),
  fieldOf(16, 'wind', Type.UINT32, { case: 'uint32', value: { lessThan: { case: 'lte', value: 300 } } }),
  fieldOf(17, 'any_number', Type.INT32),
  fieldOf(2_048, 'any_unsigned', Type.UINT32),
  fieldOf(20, 'score', Type.STRING, {
    case: 'string',
    value: { pattern: '^[0-9]{1,2}-[0-9]{1,2}$' },
  }),
  fieldOf(18, 'wet', Type.BOOL),
  fieldOf(19, 'sky', Type.ENUM, undefined, ofSky),
  fieldOf(21, 'night', Type.ENUM, { case: 'enum', value: { definedOnly: true, notIn: [0] } }, ofSky),
)

let state = 1_511
/** Park and Miller's generator: the same numbers on every run. */
export const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!

const letters = ['a', 'é', 'e\u0301', '本', '😀', '👩‍🚀', '"', '\\', '\u0000', '\u2028', '\ufeff']
const lengths = [0, 1, 2, 3, 27, 28, 29, 55, 56, 57, 111, 112, 113, 139, 140, 141, 279, 280, 281, 560, 561]

/** `length` code units or code points of one letter, perhaps with half an emoji among them. */
function trickyString(): string {
  const text = pick(letters).repeat(pick(lengths))
  const cut = random() < 0.5 ? text.slice(0, pick(lengths)) : text
  const at = Math.floor(random() * cut.length)
  return random() < 0.1 ? cut.slice(0, at) + pick(['\ud83d', '\ude00']) + cut.slice(at) : cut
}

const numbers = [
  0,
  -0,
  1,
  12,
  129,
  130,
  131,
  300,
  301,
  128,
  16_384,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  -1,
]
const texts = ['12', '012', '12.0', '1e1', ' 12', '2147483648', '99999999999', '-1', '-0', '٣', '0x10']
const others: JsonValue[] = [null, true, false, 1.5, 1e300, ...texts, 'true', '', [], ['a'], {}, { a: 1 }]
const wrong = (): JsonValue => pick([...others, pick(numbers), trickyString()])

const ordinary: Record<string, JsonValue[]> = {
  text: ['lluvia en Lima ☔', 'a'],
  country: ['Perú', 'México'],
  free_text: ['', 'ok'],
  color: ['red', 'grün', ''],
  score: ['2-5', '10-0'],
  age: [0, 129],
  wind: [300, '300'],
  any_number: [2 ** 31 - 1, 0, '12', String(2 ** 31 - 1)],
  any_unsigned: [128],
  wet: [true, false],
  sky: ['SKY_CLEAR', 'SKY_STORM', 300],
  night: ['SKY_CLEAR', 300],
}

function trickyValueFor(field: DescField): JsonValue {
  if (random() < 0.3) return wrong()
  if (field.fieldKind === 'enum') return pick(['SKY_UNSPECIFIED', 'sky_clear', '1', 1, 2])
  if (field.name === 'score') return pick(['2-', '100-1', '2-5 ', '2:5', '2-5\n', '٢-٥', '12-34'])
  if (field.name === 'color') return pick(['blue', 'Red'])
  if (field.fieldKind !== 'scalar') return wrong()
  return field.scalar === ScalarType.STRING ? trickyString() : pick([...numbers, ...texts, 0, 1])
}

/** An event as a client may send it. Parsed from text, `__proto__` is a name like any other. */
export function randomText(schema: DescMessage, aliases: string[]): string {
  if (random() < 0.01) return pick(['null', '[]', '[{}]', '"text"', '5', 'true', '{}'])
  // Mostly one tricky value in an event, so that it decides.
  const often = pick([0, 1, 1, 1, schema.fields.length]) / schema.fields.length
  const entries = schema.fields.flatMap((field) => {
    if (random() < 0.05) return []
    const value = random() < often ? trickyValueFor(field) : pick(ordinary[field.name]!)
    const names = [field.jsonName, field.name, ...aliases.filter((alias) => aliasOf(alias)(schema) === field)]
    const given = random() < 0.03 ? [pick(names), pick(names)] : [pick(names)]
    return given.map((name) => [name, value] as const)
  })
  const strange = ['__proto__', 'constructor', 'toString', 'Text', 'id', '', 'seq']
  if (random() < 0.03) entries.push([pick(strange), wrong()])
  const text = entries
    .toSorted(() => random() - 0.5)
    .map(([name, value]) => `${JSON.stringify(name)}:${json(value)}`)
  return `{${text.join(',')}}`
}
/** JSON.stringify would turn -0 into 0. */
const json = (value: JsonValue) => (Object.is(value, -0) ? '-0' : JSON.stringify(value))

export const aliasNames: Record<string, string> = { texto: 'text', pais: 'country' }
export const aliasOf = (alias: string) => (schema: DescMessage) =>
  schema.fields.find(({ name }) => name === aliasNames[alias])
