// A field marked debug_redact is stored and shown, and is in no log, error or metric, whatever goes wrong.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { createClient } from 'redis'
import { audit } from '../local/audit.ts'
import { pipeline as covid } from '../pipelines/covid.ts'
import { pipeline as votes } from '../pipelines/votes.ts'
import { defer } from './defer.ts'
import { startOwn, stores } from './started.ts'
import { until } from './until.ts'

const SECRET = 'Zoraida Quiñónez'
const good = { name: SECRET, location: 'Cobán', age: 35, infectedtype: 'contact', state: 'mild' }

/** Cases on a way with Kafka: foreign producers and dead letters are only there. */
const { event, rows } = covid
const throughKafka = { ...votes, event, rows }

test("a patient's name is in no log, error or metric, and in no difference that an audit finds", async (t) => {
  const { pipeline, running, lines } = await startOwn(t, throughKafka)
  const shown: string[] = []
  const intake = Object.values(running.intakes)[0]!
  const post = async (body: string) => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${intake}/input`, { method: 'POST', headers, body })
    shown.push(await response.text())
    return response.status
  }
  const json = JSON.stringify(good)
  assert.equal(await post(json), 202)
  for (const change of [
    { name: [SECRET] },
    { name: SECRET.repeat(10) },
    { age: -1 },
    { infectedtype: SECRET },
  ])
    assert.equal(await post(JSON.stringify({ ...good, ...change })), 400)
  assert.equal(await post(json.slice(0, -5)), 400)
  assert.equal(await post(`[${json}]`), 400)
  for (const query of [`name=${encodeURIComponent(SECRET)}&name=x`, `age=${encodeURIComponent(SECRET)}`]) {
    const answer = await fetch(`${running.queryUrl}/logs?${query}`)
    assert.equal(answer.status, 400)
    shown.push(await answer.text())
  }

  const redis = await createClient({ url: stores.redisUrl }).connect()
  defer(t, () => redis.destroy())
  const latest = `{${pipeline.name}}:latest`
  await until('the case is shown', async () => (await redis.zRange(latest, 0, -1)).join().includes(SECRET))
  await redis.zAdd(latest, {
    score: Date.now() * 1_000,
    value: JSON.stringify({ id: 'forged', name: SECRET }),
  })
  const { balanced, differences } = await audit(pipeline, stores)
  assert.equal(balanced, false)
  assert.ok(differences.some((text) => text.includes('forged')))
  shown.push(...differences)

  // What foreign producers write wrong goes to the dead letters, whose reason is logged.
  const producer = new Kafka({
    brokers: stores.kafkaBrokers.split(','),
    logLevel: logLevel.NOTHING,
  }).producer()
  await producer.connect()
  defer(t, () => producer.disconnect())
  const wrong = [json.slice(0, -5), JSON.stringify({ ...good, age: 200 }), `\n\u0010${SECRET}`, SECRET]
  const messages = wrong.map((value) => ({ partition: 0, value }))
  await producer.send({ topic: pipeline.topic.name, messages })
  const letters = () => lines.filter((line) => line.includes('dead letter')).length
  // Each of the two readers of the log sends its own.
  await until('the wrong records are dead letters', () => letters() >= wrong.length * 2, 20_000)

  // The audit reads all that as the hops do.
  await producer.send({ topic: pipeline.topic.name, messages: [{ partition: 0, value: json }] })
  await until(
    'the foreign case is counted',
    async () => (await redis.get(`{${pipeline.name}}:total`)) === '2',
  )
  const { kafka, deadLetters, differences: found } = await audit(pipeline, stores)
  assert.deepEqual([kafka, deadLetters], [2, wrong.length * 2])
  shown.push(...found)

  for (const name of Object.keys(pipeline.hops))
    shown.push(await (await fetch(`http://${running.addresses.admin(name)}/metrics`)).text())
  shown.push(await (await fetch(`${running.queryUrl}/metrics`)).text())
  for (const text of [...shown, ...lines]) assert.doesNotMatch(text, /Zoraida|Qui(ñ|\\u00f1)/)
})
