// wrk as the load generator, with a script that cycles through real rows.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeRequest } from '../client.ts'
import type { Row } from '../data-file.ts'
import type { Generator, Load, LoadResult } from './generator.ts'
import { lastLines, runProgram, type Ended } from './run-program.ts'

/** One thread is enough for what one server process answers, and leaves the other cores to the servers. */
const THREADS = 1
/** LuaJIT takes 65,536 constants in one function. */
const MAX_ROWS = 20_000
/** wrk counts slower answers as errors; its default of 2 s is near what a busy machine may need. */
const ANSWER_TIMEOUT_SECONDS = 10
const START_AND_STOP_MS = 15_000

export async function createWrk(command: string, rows: Row[], scratch: string): Promise<Generator> {
  const about = await runProgram(command, ['-v'], START_AND_STOP_MS)
  const version = /^wrk (\S+)/.exec(about.stdout + about.stderr)?.[1]
  if (version === undefined) throw new Error(`${command} does not run:\n  ${lastLines(about)}`)
  return {
    name: `wrk ${version}, ${THREADS} thread`,
    cores: THREADS,
    async run(load) {
      const script = join(scratch, 'wrk.lua')
      await writeFile(script, wrkScript(rows.slice(0, MAX_ROWS), load.url))
      // `times` of the shell says what CPU time its child used, on every system.
      const shell = ['-c', '"$@"; code=$?; times; exit $code', 'sh', command, ...argumentsOf(load, script)]
      return readResult(await runProgram('sh', shell, load.seconds * 1_000 + START_AND_STOP_MS))
    },
  }
}

function argumentsOf({ url, connections, seconds }: Load, script: string): string[] {
  const threads = [`-t${THREADS}`, `-c${connections}`, `-d${seconds}s`]
  return [...threads, '--timeout', `${ANSWER_TIMEOUT_SECONDS}s`, '-s', script, url.href]
}

/** A script that sends the rows in turn and ends with one line of JSON. */
export function wrkScript(rows: readonly object[], url: URL): string {
  const requests = rows.map((row) => `  "${luaText(encodeRequest(url, JSON.stringify(row)))}",`)
  return `local requests = {
${requests.join('\n')}
}
local next = 0
function request()
  next = next % #requests + 1
  return requests[next]
end
function done(summary)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"micros":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\\n',
    summary.requests, summary.duration, errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
`
}

/** Bytes as what stands between the quotes of a Lua string. */
function luaText(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

type Summary = { requests: number; micros: number } & Record<string, number>

/** Reads what the script and `times` wrote. Throws when a request failed or was refused. */
export function readResult(ended: Ended): LoadResult {
  const json = ended.stdout.split('\n').find((line) => line.startsWith('{"requests"'))
  // The second line of `times` is about the children: user and system time.
  const times = [...ended.stdout.matchAll(/^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm)].at(-1)
  if (ended.code !== 0 || json === undefined || times === undefined)
    throw new Error(`wrk failed:\n  ${lastLines(ended)}`)
  const { requests, micros, ...errors } = JSON.parse(json) as Summary
  const failed = Object.entries(errors).filter(([, count]) => count > 0)
  if (failed.length > 0) {
    const kinds = failed.map(([kind, count]) => `${kind} ${count}`)
    throw new Error(`of ${requests} requests some were not accepted: ${kinds.join(', ')}`)
  }
  const [, userMinutes, userSeconds, systemMinutes, systemSeconds] = times.map(Number)
  const cpuSeconds = (userMinutes! + systemMinutes!) * 60 + userSeconds! + systemSeconds!
  const seconds = micros / 1_000_000
  return { accepted: requests, perSecond: requests / seconds, cpu: cpuSeconds / seconds }
}
