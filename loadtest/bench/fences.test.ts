import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fencesInFerretdb } from './fences.ts'

test('what another connection commits to the SQLite file of FerretDB is seen by the next look', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-fences-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const db = new DatabaseSync(join(dir, 'weather.sqlite'))
  db.exec(`PRAGMA journal_mode = wal;
    CREATE TABLE _ferretdb_collections (name TEXT, table_name TEXT);
    INSERT INTO _ferretdb_collections VALUES ('events', 'events_1f');
    CREATE TABLE events_1f (_ferretdb_sjson TEXT)`)
  const insert = (id: string) =>
    db.prepare('INSERT INTO events_1f VALUES (?)').run(JSON.stringify({ $s: {}, _id: id }))
  const look = fencesInFerretdb(dir, 'weather', 'events')
  const none = new Map<string, string[]>()

  assert.deepEqual(await look(none), new Map())
  for (const id of ['o-0-1', 'o-0-2', 'o-1-1']) insert(id)
  const expected = new Map([
    ['o-0', 2],
    ['o-1', 1],
  ])
  assert.deepEqual(await look(none), expected)
  db.exec('BEGIN')
  insert('o-1-2')
  assert.deepEqual(await look(none), expected, 'not committed yet')
  db.exec('COMMIT')
  assert.deepEqual(await look(none), expected.set('o-1', 2))
  db.close()
})

test('a FerretDB whose file is elsewhere is said so', () => {
  assert.throws(
    () => fencesInFerretdb('/nowhere', 'weather', 'events'),
    /is FerretDB that of the local stack/,
  )
})
