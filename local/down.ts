// Stops what `make up` keeps running.
import { readUpState } from './up-state.ts'

const DEADLINE_MS = 60_000

const state = await readUpState()
if (!state) {
  process.stdout.write('nothing is up\n')
} else {
  process.kill(state.pid, 'SIGTERM')
  const deadline = Date.now() + DEADLINE_MS
  while ((await readUpState()) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100))
  const left = await readUpState()
  process.stdout.write(left ? `process ${left.pid} does not end\n` : 'stopped\n')
  process.exitCode = left ? 1 : 0
}
