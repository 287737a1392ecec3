// What demo, up and tests share: a stack, a pipeline on it, and one way to stop both.
import { fileURLToPath } from 'node:url'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { startPipeline, type RunningPipeline, type RunOptions } from './pipeline.ts'
import { startStack, type Stack } from './stack.ts'

export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

/** What is started for a pipeline, for people. */
export function storeNames(pipeline: Pipeline): string {
  return needsKafka(pipeline) ? 'Kafka, Redis, MongoDB wire' : 'Redis, MongoDB wire'
}

function needsKafka({ topic }: Pipeline): boolean {
  return topic !== undefined
}

export type Session = { stack: Stack; running: RunningPipeline; stop: () => Promise<void> }

/** Starts stack and pipeline. Ctrl-C, SIGTERM and failures stop everything that was started. */
export async function startSession(
  pipeline: Pipeline,
  dir: string,
  options: RunOptions & {
    progress: (line: string) => void
    /** It has no end of its own, so that being told to stop is no failure. */
    endless?: boolean
  },
): Promise<Session> {
  const stack = await startStack({
    dir,
    progress: options.progress,
    fresh: true,
    withKafka: needsKafka(pipeline),
  })
  let running: RunningPipeline | undefined
  let stopping: Promise<void> | undefined
  const stop = () =>
    (stopping ??= (async () => {
      await running?.stop()
      await stack.stop()
    })())
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      options.progress('stopping …')
      stop().then(
        () => process.exit(options.endless ? 0 : code),
        () => process.exit(1),
      )
    })
  }
  try {
    running = await startPipeline(pipeline, stack, options)
    return { stack, running, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}
