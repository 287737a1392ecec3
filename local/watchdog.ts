// Kills the children of this process when it dies without having stopped them, by SIGKILL too.
import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

// One `sh` per Node process reads our process ids from a pipe. The kernel closes our end however we die; the
// end of input then is the order to kill. A parent-death signal would do the same, but Linux only.
const script = `
pids=
while read -r operation pid; do
  others=
  for known in $pids; do [ "$known" = "$pid" ] || others="$others $known"; done
  pids=$others
  [ "$operation" = guard ] && pids="$pids $pid"
done
for pid in $pids; do kill -s KILL -- "-$pid"; done
`

const guarded = new Set<number>()
let orders: Writable | undefined

/** Starts the watchdog. Called before a child is started, so that no child is alive without it. */
export function wakeWatchdog() {
  if (orders !== undefined) return
  // Its own group: neither Ctrl-C nor a kill of our group may reach it before it has done its work.
  const watchdog = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const { stdin } = watchdog
  // If someone kills it, the next child brings another.
  const forget = () => {
    if (orders === stdin) orders = undefined
  }
  watchdog.once('exit', forget)
  stdin.on('error', forget)
  // We must be able to end without it.
  watchdog.unref()
  if (stdin instanceof Socket) stdin.unref()
  orders = stdin
  for (const pid of guarded) orders.write(`guard ${pid}\n`)
}

/** From now on the process group dies with this process. */
export function guardGroup(pid: number) {
  guarded.add(pid)
  orders?.write(`guard ${pid}\n`)
}

/** Call when the group's leader has ended: its id may be given to a stranger. */
export function releaseGroup(pid: number) {
  guarded.delete(pid)
  orders?.write(`release ${pid}\n`)
}
