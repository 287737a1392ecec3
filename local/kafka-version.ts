// Asks a Kafka broker which release it is.
import { once } from 'node:events'
import { connect } from 'node:net'

// First metadata.version of each release: org.apache.kafka.server.common.MetadataVersion of Kafka 4.3.
const releases = [
  [31, '4.4 or later'],
  [30, '4.3'],
  [28, '4.2'],
  [26, '4.1'],
  [22, '4.0'],
  [21, '3.9'],
  [20, '3.8'],
  [15, '3.7'],
] as const

// ApiVersions (key 18) version 3, correlation id 7, client id and software name "freshet", version "1". The
// protocol has no field for the release, but since version 3 the answer ends with the features that the broker
// supports, and the highest metadata.version is one per release. kafkajs stops at version 2.
const request = Buffer.from(
  ['00120003', '00000007', '0007', hex('freshet'), '00', '08', hex('freshet'), '02', hex('1'), '00'].join(''),
  'hex',
)
const supportedFeatures = 0

/** "Apache Kafka 4.3"; "Kafka of unknown release" when the broker does not say. Throws when it does not answer. */
export async function readKafkaRelease(host: string, port: number): Promise<string> {
  const answer = await exchange(host, port)
  const level = findMetadataLevel(answer)
  const release = releases.find(([first]) => level !== undefined && level >= first)
  return release === undefined ? 'Kafka of unknown release' : `Apache Kafka ${release[1]}`
}

async function exchange(host: string, port: number): Promise<Buffer> {
  const socket = connect(port, host)
  socket.setTimeout(2_000, () => socket.destroy(new Error(`${host}:${port} does not answer`)))
  try {
    await once(socket, 'connect')
    const size = Buffer.alloc(4)
    size.writeInt32BE(request.length)
    socket.write(Buffer.concat([size, request]))
    let received = Buffer.alloc(0)
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk])
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) break
    }
    return received.subarray(4)
  } finally {
    socket.destroy()
  }
}

/** The highest supported level of metadata.version; undefined when the answer has none. */
function findMetadataLevel(answer: Buffer): number | undefined {
  let at = 4 // correlation id
  const int16 = () => answer.readInt16BE((at += 2) - 2)
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = answer.readUInt8(at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const skipTags = () => {
    for (let left = varint(); left > 0; left--) {
      varint()
      at += varint()
    }
  }
  if (int16() !== 0) return undefined
  for (let left = varint() - 1; left > 0; left--) {
    at += 6 // key, lowest and highest version
    skipTags()
  }
  at += 4 // throttle time
  for (let left = varint(); left > 0; left--) {
    const tag = varint()
    const end = varint() + at
    for (let features = tag === supportedFeatures ? varint() - 1 : 0; features > 0; features--) {
      const length = varint() - 1
      const name = answer.toString('utf8', at, at + length)
      at += length + 2 // and its lowest level
      const highest = int16()
      skipTags()
      if (name === 'metadata.version') return highest
    }
    at = end
  }
  return undefined
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}
