import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defer } from '../../test/defer.ts'
import { createReports } from './reports.ts'
import { createSite, type SiteFile } from './site.ts'

const file = (type: string, text: string): SiteFile => ({
  type,
  brotli: brotliCompressSync(text).toString('base64'),
  gzip: gzipSync(text).toString('base64'),
})
const site = createSite({
  '/index.html': file('text/html', '<!doctype html>'),
  '/assets/app-1.js': file('text/javascript', 'run()'),
})
const ask = (path: string, encodings = '') =>
  site({ path, encodings, query: '', parameter: '', wantsPage: true, body: Buffer.alloc(0) })

test('every path gives the page, and files with a hash in their name are kept for ever', () => {
  assert.equal(String(ask('/').body), '<!doctype html>')
  assert.equal(String(ask('/logs').body), '<!doctype html>')
  assert.equal(ask('/logs').headers['Cache-Control'], 'no-cache')
  const script = ask('/assets/app-1.js')
  assert.equal(String(script.body), 'run()')
  assert.match(script.headers['Cache-Control']!, /immutable/)
  assert.equal(ask('/assets/app-2.js').status, 404)
})

test('a client gets the smallest form that it understands', () => {
  const encodingOf = (encodings: string) => ask('/', encodings).headers['Content-Encoding']
  assert.deepEqual(
    [encodingOf('gzip, deflate, br'), encodingOf('gzip'), encodingOf('')],
    ['br', 'gzip', undefined],
  )
})

test('the policy lets in only what the server itself has', () => {
  const policy = ask('/').headers['Content-Security-Policy']!
  assert.match(policy, /^default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
})

test('a page that was not built is said to be so', () => {
  const { status, body } = createSite({})({
    path: '/',
    encodings: '',
    query: '',
    parameter: '',
    wantsPage: true,
    body: Buffer.alloc(0),
  })
  assert.deepEqual([status, String(body)], [503, '{"error":"the page is not built: make ready"}'])
})

test('the report of the first folder that has one is the latest', async (t) => {
  const [newer, older] = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'freshet-reports-'))))
  defer(t, () => Promise.all([newer!, older!].map((folder) => rm(folder, { recursive: true }))))
  const report = createReports([newer!, older!])
  assert.equal(String((await report('duel')).body), 'null')
  await writeFile(join(older!, 'duel.json'), '{"of":"older"}')
  assert.equal(String((await report('duel')).body), '{"of":"older"}')
  await writeFile(join(newer!, 'duel.json'), '{"of":"newer"}')
  assert.equal(String((await report('duel')).body), '{"of":"newer"}')
})
