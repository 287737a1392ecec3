import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { scenarios } from '../../proto/gen/scenarios.ts'
import { viewsOf } from '../lib/views.ts'
import { loadPage } from './page.ts'

const { body, headers } = loadPage()

test('the policy allows exactly the script and style of the page, and no other source', () => {
  const policy = headers['Content-Security-Policy']!
  for (const tag of ['script', 'style']) {
    const content = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(body)![1]!
    assert.ok(policy.includes(`${tag}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`))
    assert.equal(body.split(`<${tag}`).length, 2, `more than one <${tag}>`)
  }
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
})

test('the page asks for nothing from elsewhere and never turns text into markup', () => {
  assert.doesNotMatch(body, /(src|href)="(https?:)?\/\//)
  assert.doesNotMatch(body, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style="/)
})

test('the page names no view and reads no field of any scenario', () => {
  const messages = [...scenarios].flatMap((type) => (type.kind === 'message' ? [type] : []))
  for (const schema of messages) {
    for (const { key, kind } of viewsOf(schema, 'any').views) {
      if (kind !== 'latest' && kind !== 'rate') assert.ok(!body.includes(key.slice('{any}:'.length)), key)
    }
    // A field's name may be a word that any page has (`name`, `state`), so what counts is where events are read.
    for (const { name } of schema.fields)
      assert.doesNotMatch(body, new RegExp(`\\b(fields|event)\\??(\\.|\\[['"])${name}\\b`))
  }
  assert.match(body, /createEvent\(\{ id, time, route, \.\.\.fields \}\)/)
})
