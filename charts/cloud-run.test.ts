import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipelines } from '../pipelines/all.ts'
import { image } from '../pipelines/images.ts'
import { parseOptions } from '../services/query/options.ts'
import { buildCloudRun, places } from './cloud-run.ts'

test('every pipeline has a page and a read API at every place, which start with the arguments that they are given', () => {
  const files = buildCloudRun(pipelines)
  assert.equal(files.size, places.length * pipelines.length)
  for (const [path, [service, ...others]] of files) {
    assert.equal(others.length, 0)
    assert.equal(`${service!.apiVersion} ${service!.kind}`, 'serving.knative.dev/v1 Service')
    const place = places.find(({ name }) => path.startsWith(`cloud-run/${name}/`))!
    const [container] = service!.spec.template.spec.containers
    const options = parseOptions(container.args)
    assert.equal(container.image, image)
    assert.equal(options.allowOrigin, place.allowOrigin)
    assert.equal(options.kafka, undefined)
    assert.deepEqual(options.live.hosts, [place.redis(options.pipeline)])
    assert.equal(options.listen.hosts[0], `0.0.0.0:${container.ports[0].containerPort}`)
    assert.equal(container.livenessProbe.httpGet.port, container.ports[0].containerPort)
    // Cloud Run replaces no variables.
    assert.doesNotMatch(container.args.join(' '), /\$\(/)
  }
})
