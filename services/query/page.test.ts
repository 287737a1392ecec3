import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { scenarios } from '../../proto/gen/scenarios.ts'
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

test('the page names no field of any scenario', () => {
  const fields = [...scenarios].flatMap((type) => (type.kind === 'message' ? type.fields : []))
  for (const { name } of fields) {
    if (name === 'text') continue // also a word of the browser's API
    assert.doesNotMatch(body, new RegExp(`\\b${name}\\b`))
  }
})
