// kubectl on the cluster of a test: KUBECTL names the program, and what it reads is in the environment.
import { ask, type Answer } from './command.ts'

/** Above what `kubectl wait` and `rollout status` are given. */
const DEADLINE_MS = 240_000

export type Kubectl = {
  /** Answers also when kubectl fails. */
  try(args: string[], input?: string): Promise<Answer>
  /** What it prints; throws with what it says when it fails. */
  run(args: string[], input?: string): Promise<string>
  /** The objects that it lists or gets. */
  read<T>(args: string[]): Promise<T>
}

export function createKubectl(program: string, env: Record<string, string> = {}): Kubectl {
  const answer = (args: string[], input?: string) =>
    ask(program, args, { env, deadlineMs: DEADLINE_MS, ...(input === undefined ? {} : { input }) })
  const run = async (args: string[], input?: string) => {
    const { code, stdout, stderr } = await answer(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ').slice(0, 200)}: ${stderr.trim()}`)
    return stdout
  }
  return {
    try: answer,
    run,
    read: async <T>(args: string[]) => JSON.parse(await run([...args, '-o', 'json'])) as T,
  }
}
