import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ConfigError } from './errors.ts'
import { securityOf } from './kafka.ts'
import { readSecret } from './secret.ts'

function mount(t: TestContext, files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'secret-'))
  t.after(() => rmSync(dir, { recursive: true }))
  mkdirSync(join(dir, 'kafka'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, 'kafka', name), text)
  return dir
}

test('a secret is its files, without the line end that an editor leaves', (t) => {
  const dir = mount(t, { user: 'me\n', password: 'a\nb', other: 'not ours' })
  assert.deepEqual(readSecret('kafka', dir), { user: 'me', password: 'a\nb' })
})

test('a secret that is not mounted, empty or half there is a configuration error that names what is missing', (t) => {
  const mistakes = (files: Record<string, string>, name = 'kafka') => {
    try {
      readSecret(name, mount(t, files))
    } catch (cause) {
      assert.ok(cause instanceof ConfigError)
      return cause.mistakes.join('\n')
    }
    return assert.fail('is accepted')
  }
  assert.match(mistakes({}, 'other'), /^secret other: .*\/other is missing/)
  assert.match(mistakes({}), /^secret kafka: .* has none of user, password, ca, cert, key$/)
  const both = mistakes({ user: 'me', key: 'k' })
  assert.match(both, /user and password belong together/)
  assert.match(both, /cert and key belong together/)
})

test('a certificate or an authority means TLS to Kafka, and a user means a password over SCRAM', () => {
  assert.deepEqual(securityOf({ ca: 'A', cert: 'C', key: 'K' }), { ssl: { ca: ['A'], cert: 'C', key: 'K' } })
  assert.deepEqual(securityOf({ ca: 'A', user: 'u', password: 'p' }), {
    ssl: { ca: ['A'] },
    sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
  })
})

test('a password never goes to Kafka without TLS', () => {
  assert.deepEqual(securityOf({ user: 'u', password: 'p' }), {
    ssl: {},
    sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
  })
})
