// The Kafka client with the settings that every program here shares, and the form of our records.
import { Kafka, logLevel, type KafkaConfig, type logCreator } from 'kafkajs'
import type { Endpoint } from './endpoint.ts'
import { registerCodecs } from './kafka-codecs.ts'
import type { Log } from './log.ts'
import { readSecret, type Secret } from './secret.ts'

/**
 * No retries in the client: the hop that owns a batch retries it. (With retries and keyless messages kafkajs
 * 2.2 also loses records; here every message names its partition.) `?secret=` says who we are.
 */
export function createKafka(endpoint: Endpoint, clientId: string, log: Log): Kafka {
  registerCodecs()
  const secret = endpoint.parameters.get('secret')
  return new Kafka({
    ...(secret === undefined ? {} : securityOf(readSecret(secret))),
    clientId,
    brokers: endpoint.hosts,
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    retry: { retries: 0 },
    logLevel: logLevel.WARN,
    logCreator: logLines(log),
  })
}

/** With a secret there is always TLS: a password in the clear would be none. */
export function securityOf({ user, password, ca, cert, key }: Secret): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  return {
    ssl: {
      ...(ca !== undefined && { ca: [ca] }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
    },
    ...(user !== undefined &&
      password !== undefined && { sasl: { mechanism: 'scram-sha-512', username: user, password } }),
  }
}

/** kafkajs reports passing troubles as errors; the caller decides what is one, so here they are warnings. */
function logLines(log: Log): logCreator {
  return () =>
    ({ namespace, log: { message, error } }) =>
      log.warn('kafka client', { namespace, text: message, ...(error ? { cause: String(error) } : {}) })
}

/** The header of each of our records: `<origin>-<partition>-<seq>;<microseconds since 1970>;<route>`. */
export const IDENTITY_HEADER = 'freshet'

export type Identity = { origin: string; partition: number; seq: number; timeUs: number; route: string }

export function formatIdentity(
  origin: string,
  partition: number,
  seq: bigint,
  timeUs: bigint,
  route: string,
): string {
  const { before, after } = identityAround(origin, partition, route)
  return `${before}${seq};${timeUs}${after}`
}

/** What the identities of a run share: what stands before `<seq>;<microseconds since 1970>`, and after. */
export function identityAround(origin: string, partition: number, route: string) {
  return { before: `${origin}-${partition}-`, after: `;${route}` }
}

/** Undefined for the records of foreign producers. */
export function parseIdentity(
  header: Buffer | string | (Buffer | string)[] | undefined,
): Identity | undefined {
  if (header === undefined || Array.isArray(header)) return undefined
  const text = typeof header === 'string' ? header : header.toString('latin1')
  const idEnd = text.indexOf(';')
  const timeEnd = text.indexOf(';', idEnd + 1)
  const seqStart = text.lastIndexOf('-', idEnd) + 1
  const partitionStart = text.lastIndexOf('-', seqStart - 2) + 1
  const seq = Number(text.slice(seqStart, idEnd))
  const timeUs = Number(text.slice(idEnd + 1, timeEnd))
  const partition = Number(text.slice(partitionStart, seqStart - 1))
  // A header that is not ours may hold anything, and what no Run can hold would end the consumer.
  const sound = Number.isSafeInteger(seq) && seq >= 1 && Number.isSafeInteger(timeUs) && timeUs >= 0
  if (timeEnd < 0 || partitionStart < 2 || seqStart - partitionStart < 2 || !sound) return undefined
  if (partition >>> 0 !== partition) return undefined
  return { origin: text.slice(0, partitionStart - 1), partition, seq, timeUs, route: text.slice(timeEnd + 1) }
}
