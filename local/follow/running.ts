// The pipeline that is followed: the one that `make up` runs, else one of our own.
import { join } from 'node:path'
import { findPipeline } from '../../pipelines/all.ts'
import { projectRoot, startSession, storeNames } from '../session.ts'
import { readUpState } from '../up-state.ts'

export class UsageError extends Error {}

export type Running = {
  pipeline: string
  /** The HTTP intake that gets the event, and its URL. */
  intake: string
  intakeUrl: string
  queryUrl: string
  /** The admin servers of the hops. */
  admins: Record<string, string>
  stop: () => Promise<void>
}

/** Throws UsageError when another pipeline is up, or the intake is none of its. */
export async function findRunning(pipelineName?: string, intakeName?: string): Promise<Running> {
  const up = await readUpState()
  if (up && pipelineName !== undefined && up.pipeline !== pipelineName)
    throw new UsageError(`\`make up\` runs ${up.pipeline}: leave PIPELINE out, or \`make down\` first`)
  const pipeline = findPipeline(up?.pipeline ?? pipelineName ?? 'weather')
  const intakes = Object.keys(pipeline.hops).filter((hop) => 'http' in pipeline.hops[hop]!.from)
  const intake = intakeName ?? intakes[0]
  if (intake === undefined || !intakes.includes(intake))
    throw new UsageError(`${pipeline.name} has no HTTP intake "${intake}" (known: ${intakes.join(', ')})`)
  if (up) {
    const { intakes: urls, queryUrl, admins } = up
    const stop = () => Promise.resolve()
    return { pipeline: pipeline.name, intake, intakeUrl: urls[intake]!, queryUrl, admins, stop }
  }
  const say = (line: string) => process.stderr.write(`${line}\n`)
  say(`nothing is up: starting ${storeNames(pipeline)} and the ${pipeline.name} pipeline …`)
  const { running, stop } = await startSession(pipeline, join(projectRoot, '.local', 'stack', 'follow'), {
    progress: say,
    log: () => {},
  })
  const { intakes: urls, queryUrl, admins } = running
  return { pipeline: pipeline.name, intake, intakeUrl: urls[intake]!, queryUrl, admins, stop }
}
