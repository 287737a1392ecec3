import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planApply, type Situation } from './plan-apply.ts'

const kind: Situation = {
  environment: 'laptop',
  context: 'kind-school',
  registry: undefined,
  engine: 'podman',
  image: 'freshet:1',
  namespaces: ['project', 'covid'],
}

function commandsOf(situation: Situation): string[] {
  const plan = planApply(situation)
  assert.ok('steps' in plan, JSON.stringify(plan))
  return plan.steps.map(({ command }) => command.join(' '))
}

function mistakesOf(situation: Situation): string[] {
  const plan = planApply(situation)
  assert.ok('mistakes' in plan)
  return plan.mistakes
}

test('a kind cluster gets the image as a file before the manifests, and every pod is waited for', () => {
  assert.deepEqual(commandsOf(kind), [
    'make --no-print-directory images',
    'podman save -o .local/image.tar freshet:1',
    'kind load image-archive .local/image.tar --name school',
    'kubectl apply --server-side -R -f dist/laptop',
    'kubectl -n kafka wait kafka/freshet --for=condition=Ready --timeout=600s',
    'kubectl -n project rollout status statefulset --timeout=600s',
    'kubectl -n project rollout status deployment --timeout=600s',
    'kubectl -n covid rollout status statefulset --timeout=600s',
    'kubectl -n covid rollout status deployment --timeout=600s',
  ])
})

test('with a registry the image is pushed, and the manifests that are applied name it', () => {
  const registry = 'ghcr.io/school'
  const commands = commandsOf({
    ...kind,
    environment: 'cloud',
    context: 'gke',
    registry,
    image: `${registry}/freshet:1`,
  })
  assert.deepEqual(commands.slice(1, 4), [
    'podman push ghcr.io/school/freshet:1',
    'env CDK8S_OUTDIR=.local/dist tsx main.ts',
    'kubectl apply --server-side -R -f .local/dist/cloud',
  ])
})

test('clusters on this machine get images each in its own way', () => {
  assert.equal(
    commandsOf({ ...kind, context: 'k3d-lab', engine: 'docker' })[2],
    'k3d image import .local/image.tar --cluster lab',
  )
  assert.equal(
    commandsOf({ ...kind, context: 'minikube', engine: 'buildah' })[1],
    'buildah push freshet:1 docker-archive:.local/image.tar:freshet:1',
  )
  assert.match(commandsOf({ ...kind, context: 'docker-desktop' })[1]!, /^kubectl apply/)
})

test('all that stands against it is said at once', () => {
  assert.deepEqual(
    mistakesOf({ ...kind, environment: 'moon', context: undefined, engine: ['no engine:', '  docker: no'] }),
    [
      'ENV is laptop or cloud, not "moon"',
      'kubectl has no current context, or is not on PATH',
      'no engine:\n  docker: no',
    ],
  )
  assert.deepEqual(mistakesOf({ ...kind, context: 'gke' }), [
    '"gke" is no cluster on this machine that is known (kind, k3d, minikube, docker-desktop): say REGISTRY=',
  ])
  assert.deepEqual(mistakesOf({ ...kind, environment: 'cloud', context: 'kind-x' }), [
    'a cloud pulls its images: say REGISTRY=ghcr.io/owner',
  ])
})
