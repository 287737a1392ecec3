// What the intake of each scenario refuses, as clients see it, and both spellings that it takes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachRecord, outcomes } from '../services/hop/batch.ts'
import { openIntake } from '../services/hop/sources/open-intake.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import { defer } from '../test/defer.ts'

type Case = {
  event: string
  good: Record<string, unknown>
  /** What is changed in `good`, and the field and rule that the answer names. */
  refused: [change: Record<string, unknown>, field: string, rule: string][]
  /** What is changed in `good`, and what of it is stored. */
  stored: [change: Record<string, unknown>, stored: Record<string, unknown>][]
}

const long = 'x'.repeat(200)
const cases: Case[] = [
  {
    event: 'scenarios.Prediction',
    good: { team1: 'Guatemala', team2: 'México', score: '2-5', phase: 4 },
    refused: [
      [{ score: 'x-y' }, 'score', 'string.pattern'],
      [{ score: '2:5' }, 'score', 'string.pattern'],
      [{ score: '2-5\n' }, 'score', 'string.pattern'],
      [{ score: '-2-5' }, 'score', 'string.pattern'],
      [{ score: undefined }, 'score', 'string.pattern'],
      [{ score: 25 }, 'score', 'json.type'],
      [{ phase: 9 }, 'phase', 'enum.defined_only'],
      [{ phase: -1 }, 'phase', 'enum.defined_only'],
      [{ phase: 0 }, 'phase', 'enum.not_in'],
      [{ phase: undefined }, 'phase', 'enum.not_in'],
      [{ phase: 'SEMI' }, 'phase', 'json.type'],
      [{ team1: '' }, 'team1', 'string.min_len'],
      [{ team2: long }, 'team2', 'string.max_len'],
      [{ team3: 'Perú' }, 'team3', 'json.unknown'],
    ],
    stored: [
      [{ phase: 1 }, { phase: 'BEGINNING' }],
      [{ phase: 2 }, { phase: 'ROUND_OF_SIXTEEN' }],
      [{ phase: 3 }, { phase: 'QUARTER_FINALS' }],
      [{ phase: 4 }, { phase: 'FINALS' }],
      [{ phase: 'FINALS' }, { phase: 'FINALS' }],
    ],
  },
  {
    event: 'scenarios.CovidCase',
    good: { name: 'Ana Xol', location: 'Cobán', age: 35, infectedtype: 'communitary', state: 'mild' },
    refused: [
      [{ age: -1 }, 'age', 'int32.gte_lte'],
      [{ age: 200 }, 'age', 'int32.gte_lte'],
      [{ age: 34.5 }, 'age', 'json.type'],
      [{ age: 'young' }, 'age', 'json.type'],
      [{ infectedtype: 'alien' }, 'infectedtype', 'string.in'],
      [{ infectedtype: undefined }, 'infectedtype', 'string.in'],
      [{ name: '' }, 'name', 'string.min_len'],
      [{ location: undefined }, 'location', 'string.min_len'],
      [{ state: long }, 'state', 'string.max_len'],
    ],
    stored: [
      [{ age: 0 }, { age: 0 }],
      [{ infectedtype: 'imported' }, { infectedtype: 'imported' }],
    ],
  },
  {
    event: 'scenarios.BandVote',
    good: { name: 'Alux Nahual', album: 'Alto al fuego', year: '1987', rank: '1' },
    refused: [
      [{ year: '3000' }, 'year', 'int32.gte_lte'],
      [{ year: 3000 }, 'year', 'int32.gte_lte'],
      [{ year: undefined }, 'year', 'int32.gte_lte'],
      [{ year: 'MCMLXXX' }, 'year', 'json.type'],
      [{ rank: '0' }, 'rank', 'int32.gte_lte'],
      [{ rank: -1 }, 'rank', 'int32.gte_lte'],
      [{ rank: '' }, 'rank', 'json.type'],
      [{ name: '' }, 'name', 'string.min_len'],
      [{ album: long }, 'album', 'string.max_len'],
    ],
    stored: [
      [{ year: '1973' }, { year: 1973 }],
      [{ year: 1973 }, { year: 1973 }],
      [{ rank: 7 }, { rank: 7 }],
    ],
  },
]

for (const { event, good, refused, stored } of cases) {
  test(`what is wrong with a ${event} is answered 400 with field and rule, and never reaches the log`, async (t) => {
    const eventType = loadEventType(event)
    const logged: Record<string, unknown>[] = []
    const { address, source } = await openIntake(
      {
        persist: ({ runs }) => {
          for (const run of runs) eachRecord(run, (bytes) => logged.push(eventType.toDocument(bytes)))
          return Promise.resolve(outcomes.stored())
        },
      },
      eventType,
    )
    defer(t, () => source.close())
    const post = async (change: Record<string, unknown>) => {
      const response = await fetch(`http://${address}/input`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...good, ...change }),
      })
      type Body = { violations?: { field: string; rule: string; message: string }[] }
      return { status: response.status, body: (await response.json()) as Body }
    }

    for (const [change, field, rule] of refused) {
      const { status, body } = await post(change)
      assert.equal(status, 400, JSON.stringify(change))
      assert.deepEqual(
        body.violations?.map((violation) => [violation.field, violation.rule]),
        [[field, rule]],
        JSON.stringify(change),
      )
    }
    assert.deepEqual(logged, [])
    for (const [change, expected] of stored) {
      assert.equal((await post(change)).status, 202, JSON.stringify(change))
      for (const [name, value] of Object.entries(expected)) assert.equal(logged.at(-1)?.[name], value)
    }
  })
}
