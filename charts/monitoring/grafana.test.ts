import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipelines } from '../../pipelines/all.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { viewsOf } from '../../services/lib/views.ts'
import { environments } from '../environment.ts'
import type { Manifest } from '../manifest.ts'
import { buildEnvironment } from '../synth.ts'
import { dashboardsOf } from './dashboards/all.ts'
import { kubePrometheusStackValues } from './helm-values.ts'
import { prometheusUid } from './names.ts'

const text = JSON.stringify(dashboardsOf(pipelines))
const objectsOf = (name: string): Manifest[] => {
  const environment = environments.find((each) => each.name === name)!
  return [...buildEnvironment(environment).values()].flat()
}
/** The values of a field of the provisioned data sources, which are one line each. */
const dataSourcesOf = (objects: Manifest[], field: 'uid' | 'url'): string[] =>
  objects.flatMap(({ metadata, ...rest }) => {
    if (metadata.labels?.['grafana_datasource'] !== '1') return []
    const files = Object.values((rest as unknown as { data: Record<string, string> }).data)
    return files.flatMap((file) =>
      [...file.matchAll(new RegExp(`^ +${field}: (\\S+)$`, 'gm'))].map(([, value]) => value!),
    )
  })

test('every data source that a dashboard names is provisioned', () => {
  const named = new Set(
    [...text.matchAll(/"datasource":\{"type":"[\w-]+","uid":"([^"]+)"\}/g)].map(([, uid]) => uid!),
  )
  const provisioned = [prometheusUid, ...dataSourcesOf(objectsOf('laptop'), 'uid')]
  assert.deepEqual(named, new Set(provisioned))
})

test('every live view of every pipeline has a panel', () => {
  for (const { name, event } of pipelines) {
    const { total, views } = viewsOf(loadEventType(event).schema, name)
    for (const key of [total, ...views.map((view) => view.key)])
      assert.ok(text.includes(`"keyName":"${key}"`) || text.includes(` ${key}`), key)
  }
})

test('the graph of a pipeline has every hop, and an edge for each target and each reader of the log', () => {
  for (const { name, hops } of pipelines) {
    const board = dashboardsOf(pipelines).find(({ uid }) => uid === `freshet-${name}`)
    const drawn = JSON.stringify(board)
    const edges = Object.entries(hops).flatMap(([hop, { from, to, fastPaths = [] }]) => [
      ...('group' in from ? [`kafka to ${hop}`] : 'log' in from ? [`${from.log} to ${hop}`] : []),
      ...[...to, ...fastPaths].map((target) => `${hop} to ${'hop' in target ? target.hop : target.store}`),
    ])
    for (const edge of edges) assert.ok(drawn.includes(`\\"id\\", \\"${edge}\\"`), `${name}: ${edge}`)
  }
})

test('where the databases are outside, Grafana gets their addresses from a Secret, and no manifest has them', () => {
  const objects = objectsOf('cloud')
  const cloud = environments.find(({ name }) => name === 'cloud')!
  const { grafana } = kubePrometheusStackValues(cloud)
  const secret = objects.find(
    ({ kind, metadata }) => kind === 'ExternalSecret' && metadata.name === grafana.envFromSecret,
  )
  assert.ok(secret)
  const keys = secret.spec.data.map(({ secretKey }: { secretKey: string }) => `redis://$${secretKey}`)
  assert.deepEqual(dataSourcesOf(objects, 'url'), keys)
})
