// Runs the tests on real servers: starts the stack once, names it in the environment, and stops it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { projectRoot } from './session.ts'
import { startStack } from './stack.ts'

const patterns = process.argv.slice(2)
const say = (line: string) => process.stderr.write(`${line}\n`)
say('starting Kafka, Redis and MongoDB wire for the tests …')
const stack = await startStack({
  dir: join(projectRoot, '.local', 'stack', 'test'),
  progress: say,
  fresh: true,
})
say(`up: ${stack.engines.kafka}, ${stack.engines.redis}, ${stack.engines.mongodb}`)
const child = spawn(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=2', ...patterns],
  {
    cwd: projectRoot,
    stdio: 'inherit',
    env: {
      ...process.env,
      KAFKA_BROKERS: stack.kafkaBrokers,
      REDIS_URL: stack.redisUrl,
      MONGO_URL: stack.mongoUrl,
    },
  },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
const [code] = (await once(child, 'exit')) as [number | null]
await stack.stop()
process.exitCode = code ?? 1
