import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { readRows } from '../../loadtest/data-file.ts'
import { startWeather } from '../../test/started.ts'
import { projectRoot } from '../session.ts'
import { followEvent } from './follow.ts'

test('an event alone in a pipeline is followed through every hop and store, in the order of the data', async (t) => {
  const { pipeline, running, assertBalanced } = await startWeather(t)
  const { admins, queryUrl, intakes } = running
  const [row] = await readRows(join(projectRoot, pipeline.rows))
  const reached = { pipeline: pipeline.name, intake: 'api', intakeUrl: intakes['api']!, queryUrl, admins }
  const way = await followEvent(pipeline, { ...reached, stop: () => Promise.resolve() }, row!)

  assert.deepEqual([way.missing, way.unknown], [[], []])
  assert.equal(way.place?.topic, pipeline.topic.name)
  const ends = new Map(way.steps.map(({ who, toMs }) => [who, toMs]))
  assert.deepEqual([...ends.keys()].toSorted(), [
    'Kafka',
    'MongoDB',
    'Redis',
    'api',
    'archiver',
    'client',
    'live-writer',
    'publisher',
    'repair',
  ])
  for (const { who, fromMs, toMs } of way.steps) assert.ok(fromMs >= 0 && toMs >= fromMs, who)
  const laterMs = 1.5 // their clock counts whole milliseconds
  for (const [first, then] of [
    ['publisher', 'client'],
    ['publisher', 'live-writer'],
    ['live-writer', 'Redis'],
    ['archiver', 'MongoDB'],
  ])
    assert.ok(
      ends.get(first!)! <= ends.get(then!)! + laterMs,
      `${first} before ${then}: ${JSON.stringify(way.steps)}`,
    )
  await assertBalanced(new Set([way.id]))
})
