import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRequest } from '../client.ts'
import { readResult, wrkScript } from './wrk.ts'

const url = new URL('http://127.0.0.1:8080/input')
const summary = { requests: 1_000, micros: 2_000_000, connect: 0, read: 0, write: 0, timeout: 0, status: 0 }
const times = '0m0.000s 0m0.001s\n0m1.250s 1m0.750s\n'
const ended = (json: object, code = 0) => ({
  code,
  stdout: `Running 2s test\n${JSON.stringify(json)}\n${times}`,
  stderr: '',
})

test('each row is a whole request in the script, byte by byte', () => {
  const row = { text: 'Llovió "mucho" \\ ☔\n', country: 'Perú' }
  const literal = /^ {2}"(.*)",$/m.exec(wrkScript([row], url))?.[1]
  assert.ok(literal !== undefined)
  const bytes = literal.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code)))
  assert.deepEqual(Buffer.from(bytes, 'latin1'), encodeRequest(url, JSON.stringify(row)))
})

test('rate and CPU come from the summary and from the times of the children', () => {
  assert.deepEqual(readResult(ended(summary)), { accepted: 1_000, perSecond: 500, cpu: 31 })
})

test('a run in which a request was not accepted is no measurement', () => {
  assert.throws(() => readResult(ended({ ...summary, status: 3, timeout: 1 })), /timeout 1, status 3/)
})

test('a wrk that fails is reported with its last words', () => {
  assert.throws(
    () => readResult({ code: 1, stdout: '', stderr: 'unable to connect to 127.0.0.1' }),
    /unable to connect/,
  )
})
