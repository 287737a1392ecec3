import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProcess } from '../../local/processes.ts'
import { parseStat, readGroupCpu } from './cpu.ts'

test('group and CPU time are read behind a name with brackets and spaces', () => {
  const stat = '42 (a) b (c) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 25 75 20 0 11 0 100'
  assert.deepEqual(parseStat(stat), { group: 7, cpuSeconds: 3 })
})

test('the CPU time of a process group includes that of the children of its leader', async (t) => {
  const spin = 'const end = Date.now() + 400; while (Date.now() < end);'
  const parent = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(spin)}]); setInterval(() => {}, 1000); console.log('done')`
  const done = Promise.withResolvers<void>()
  const leader = await startProcess({
    name: 'spinner',
    command: process.execPath,
    args: ['-e', parent],
    log: (line) => line === 'done' && done.resolve(),
    deadlineMs: 10_000,
  })
  t.after(() => leader.stop())
  await done.promise
  const cpu = await readGroupCpu([leader.pid])
  if (process.platform === 'linux') assert.ok(cpu!.get(leader.pid)! >= 0.2, `${cpu!.get(leader.pid)} s`)
  else assert.equal(cpu, undefined)
})
