import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../local/session.ts'
import { pipeline as covid } from '../pipelines/covid.ts'
import { pipeline as weather } from '../pipelines/weather.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { startOwn } from './started.ts'

/** `name type label,label` of every series of ours. */
async function exposedBy(urls: string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (const url of urls) {
    const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) })
    const page = await answer.text()
    for (const [, name = '', type = ''] of page.matchAll(/^# TYPE (freshet_\w+) (\w+)$/gm)) {
      const series = [...page.matchAll(new RegExp(`^${name}(?:_count)?\\{([^}]*)\\}`, 'gm'))]
      const labels = series.map(([, text = '']) => [...text.matchAll(/(\w+)="/g)].map(([, label]) => label!))
      const own = new Set(labels.flat().filter((label) => label !== 'pipeline' && label !== 'hop'))
      found.add(`${name} ${type} ${[...own].toSorted().join(',')}`)
    }
  }
  return found
}

test('docs/metrics.md has every metric that the running programs expose, and no other', async (t) => {
  const exposed = new Set<string>()
  for (const pipeline of [weather, covid] as Pipeline[]) {
    const { running, load } = await startOwn(t, pipeline)
    await load({ requests: 100, rate: 1_000 }, () => Promise.resolve())
    await fetch(`${running.queryUrl}/live`)
    for (const each of await exposedBy([...Object.values(running.admins), running.queryUrl]))
      exposed.add(each)
  }
  const text = await readFile(join(projectRoot, 'docs', 'metrics.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `(freshet_\w+)` *\| (\w+) *\| ([\w, ]*)\|/gm)].map(
    ([, name, type, labels = '']) =>
      `${name} ${type} ${labels
        .split(',')
        .map((label) => label.trim())
        .filter(Boolean)
        .toSorted()
        .join(',')}`,
  )
  // A counter whose labels have had no value yet has no series, so its labels do not show.
  const withLabels = (each: string) => !each.endsWith(' ')
  const complete = [...exposed].filter(
    (each) => withLabels(each) || ![...exposed].some((other) => other !== each && other.startsWith(each)),
  )
  const silent = new Set(complete.filter((each) => !withLabels(each)).map((each) => each.trim()))
  const expected = documented.map((each) =>
    silent.has(each.split(' ').slice(0, 2).join(' ')) ? `${each.split(' ').slice(0, 2).join(' ')} ` : each,
  )
  assert.deepEqual(complete.toSorted(), expected.toSorted())
})
