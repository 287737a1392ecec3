// Audits the pipeline that `make up` keeps running, or the stores that the environment names.
import { parseArgs } from 'node:util'
import { findPipeline } from '../pipelines/all.ts'
import { audit, type Stores } from './audit.ts'
import { formatLedger } from './ledger.ts'
import { readUpState } from './up-state.ts'

const { values } = parseArgs({ options: { pipeline: { type: 'string' } } })
const { KAFKA_BROKERS, REDIS_URL, MONGO_URL } = process.env
const up = await readUpState()
const pipeline = findPipeline(values.pipeline ?? up?.pipeline ?? 'weather')
const named: Stores | undefined =
  (KAFKA_BROKERS || !pipeline.topic) && REDIS_URL && MONGO_URL
    ? { kafkaBrokers: KAFKA_BROKERS ?? '', redisUrl: REDIS_URL, mongoUrl: MONGO_URL }
    : undefined
const stores = named ?? up
if (stores) {
  const ledger = await audit(pipeline, stores)
  process.stdout.write(`${formatLedger(ledger)}\n`)
  process.exitCode = ledger.balanced ? 0 : 1
} else {
  process.stderr.write(
    'nothing to audit: run `make up` first, or set KAFKA_BROKERS, REDIS_URL and MONGO_URL\n',
  )
  process.exitCode = 2
}
