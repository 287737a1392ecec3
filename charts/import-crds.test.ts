import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newestServed, slimSchema } from './import-crds.ts'

test('a slim schema has no descriptions, no status, and lets open fields be anything', () => {
  const schema = {
    description: 'a kind',
    properties: {
      status: { type: 'object' },
      spec: {
        description: 'wanted',
        properties: {
          status: { type: 'string' },
          nodes: {
            items: {
              description: 'one',
              properties: { template: { type: 'string' }, size: { type: 'string' } },
            },
          },
        },
      },
    },
  }
  assert.deepEqual(slimSchema(schema, ['spec.*.template']), {
    properties: {
      spec: {
        properties: {
          status: { type: 'string' },
          nodes: {
            items: {
              properties: {
                template: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                size: { type: 'string' },
              },
            },
          },
        },
      },
    },
  })
})

test('of the versions that are served the newest is taken, as Kubernetes orders them', () => {
  const version = (name: string, served = true) => ({
    name,
    served,
    storage: false,
    schema: { openAPIV3Schema: {} },
  })
  assert.equal(
    newestServed([version('v1beta2'), version('v1'), version('v2alpha1'), version('v3', false)]).name,
    'v1',
  )
  assert.equal(newestServed([version('v1beta2'), version('v1beta10'), version('v1alpha1')]).name, 'v1beta10')
  assert.throws(() => newestServed([version('v1', false)]), /no version is served/)
})
