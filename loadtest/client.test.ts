import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRequest, readAnswer } from './client.ts'

const read = (text: string, ended = false) => readAnswer(Buffer.from(text), ended)

test('a request counts its body in bytes and names its host', () => {
  const request = encodeRequest(new URL('http://[::1]:8080/input?x=1'), '{"a":"é"}').toString()
  const head =
    'POST /input?x=1 HTTP/1.1\r\nhost: [::1]:8080\r\ncontent-type: application/json\r\ncontent-length: 10'
  assert.equal(request, `${head}\r\n\r\n{"a":"é"}`)
})

test('an answer is whole only with its last byte', () => {
  const answer = 'HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello'
  for (let length = 0; length < answer.length; length += 1)
    assert.equal(read(answer.slice(0, length)), undefined)
  assert.deepEqual(read(answer), { status: 202, body: 'hello', reusable: true })
})

test('a chunked answer is whole only with its last chunk', () => {
  const answer =
    'HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbusy\r\n3;x=y\r\n...\r\n0\r\n\r\n'
  for (let length = 0; length < answer.length; length += 1)
    assert.equal(read(answer.slice(0, length)), undefined)
  assert.deepEqual(read(answer), { status: 503, body: 'busy...', reusable: true })
})

test('an answer without a length ends with its connection', () => {
  assert.equal(read('HTTP/1.1 500 Oops\r\n\r\nhalf'), undefined)
  assert.deepEqual(read('HTTP/1.1 500 Oops\r\n\r\nall', true), { status: 500, body: 'all', reusable: false })
  assert.deepEqual(read('HTTP/1.1 204 No Content\r\n\r\n'), { status: 204, body: '', reusable: true })
})

test('an interim answer is stepped over', () => {
  const answer = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
  assert.deepEqual(read(answer), { status: 202, body: '', reusable: true })
})

test('a connection is not used again after close, HTTP/1.0, an early refusal, or bytes too many', () => {
  const head = 'content-length: 0\r\n\r\n'
  assert.equal(read(`HTTP/1.1 202 A\r\nConnection: close\r\n${head}`)?.reusable, false)
  assert.equal(read(`HTTP/1.0 202 A\r\n${head}`)?.reusable, false)
  assert.equal(read(`HTTP/1.1 413 Too Large\r\n${head}`)?.reusable, false)
  assert.equal(read(`HTTP/1.1 202 A\r\n${head}HTTP/1.1`)?.reusable, false)
})

test('what is not HTTP/1 is thrown', () => {
  assert.throws(() => read('SSH-2.0-OpenSSH'))
  assert.throws(() => read('HTTP/2 202\r\n\r\n'))
  assert.throws(() => read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'))
  assert.throws(() => readAnswer(Buffer.alloc(1024 * 1024 + 1), false))
})
