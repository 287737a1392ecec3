// What kafka-producer.ts uses of kafkajs past its public types. Imports, not createRequire: a bundler sees them.
declare module 'kafkajs/src/protocol/encoder.js' {
  const Encoder: new (bytes: number) => { writeBuffer(bytes: Buffer): unknown }
  export = Encoder
}
declare module 'kafkajs/src/protocol/requests/produce/v7/response.js' {
  const produceResponse: unknown
  export = produceResponse
}
