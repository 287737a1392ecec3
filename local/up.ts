// Keeps a pipeline running until Ctrl-C or `make down`.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { colours } from './colours.ts'
import { readRows } from '../loadtest/data-file.ts'
import { findPipeline } from '../pipelines/all.ts'
import { projectRoot, startSession, storeNames } from './session.ts'
import { removeUpState, writeUpState } from './up-state.ts'

const { values } = parseArgs({
  options: { pipeline: { type: 'string', default: 'weather' }, port: { type: 'string', default: '8081' } },
})
const pipeline = findPipeline(values.pipeline)
const queryPort = Number(values.port)
const say = (line: string) => process.stderr.write(`${line}\n`)

say(`starting ${storeNames(pipeline)} and the ${pipeline.name} pipeline …`)
const { stack, running } = await startSession(pipeline, join(projectRoot, '.local', 'stack', 'up'), {
  progress: say,
  log: say,
  queryPort,
  endless: true,
})
const { kafkaBrokers, redisUrl, mongoUrl } = stack
const { intakes, queryUrl, admins } = running
await writeUpState({
  pid: process.pid,
  pipeline: pipeline.name,
  intakes,
  queryUrl,
  admins,
  kafkaBrokers,
  redisUrl,
  mongoUrl,
})
process.on('exit', removeUpState)

const [row] = await readRows(join(projectRoot, pipeline.rows))
const [intake, ...others] = Object.values(running.intakes)
process.stdout.write(`
${colours.bold(running.queryUrl)}   the live page; Ctrl-C or \`make down\` stops everything

  curl -H 'Content-Type: application/json' -d '${JSON.stringify(row).replaceAll("'", String.raw`'\''`)}' ${intake}/input
${others.map((url) => `  # and another intake: ${url}/input\n`).join('')}  curl ${running.queryUrl}/live
  curl '${running.queryUrl}/logs?limit=5'
  curl ${running.queryUrl}/ledger
  make loadtest HOST=${intake}
  make follow
  make audit
`)

for (const [name, { exited }] of Object.entries(running.processes)) {
  void exited.then(({ code, signal }) => {
    if (code !== 0) say(colours.red(`${name} ended (${signal ?? code}); the others go on`))
  })
}
