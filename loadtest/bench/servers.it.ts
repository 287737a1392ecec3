import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findFreePort } from '../../local/ports.ts'
import { startProgram } from './programs.ts'
import { createSenders } from './senders.ts'

const servers = {
  'bare-server': [],
  'intake-server': ['scenarios.WeatherTweet'],
}

for (const [name, args] of Object.entries(servers)) {
  test(`our own senders load the ${name}, and count what it accepted`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const rowsFile = join(dir, 'rows.json')
    await writeFile(rowsFile, JSON.stringify([{ text: 'Lluvia ☔', country: 'Perú' }]))
    const port = await findFreePort()
    const address = `http://127.0.0.1:${port}`
    await startProgram(
      (release) => t.after(release),
      name,
      `loadtest/bench/${name}.ts`,
      [String(port), ...args],
      `${address}/readyz`,
    )
    const url = new URL(`${address}/input`)
    const result = await createSenders(rowsFile, dir).run({ url, connections: 4, seconds: 1 })
    assert.ok(result.accepted > 0 && result.perSecond > 0 && result.cpu > 0)
  })
}
