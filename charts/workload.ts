// A pod of the graph: Deployment, ServiceAccount, Services, disruption budget, scaler.
import { ApiObject, Chart, Duration, JsonPatch } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { IntOrString, KubePodDisruptionBudget } from 'cdk8s-plus-28/lib/imports/k8s.js'
import type { Construct } from 'constructs'
import { containerOf } from './container.ts'
import { asRollout, isRollout, previewOf } from './delivery.ts'
import { has, type Environment } from './environment.ts'
import { labelsOf } from './labels.ts'
import { podOf, type Manifest } from './manifest.ts'
import { exportLabel } from './linkerd.ts'
import { proxyAnnotations } from './mesh.ts'
import type { Edge } from './network.ts'
import { addressVariables, type ContainerPlan, type PodPlan } from './plan.ts'
import { addScaler, addVerticalScaler, type Target } from './scaling.ts'
import { addressKey, kafkaMount, kafkaSecret } from './secrets.ts'
import { tracingVariables } from './tracing.ts'
import { userId } from '../pipelines/images.ts'

/** Until every proxy and load balancer has taken the pod from its list; before it, SIGTERM would refuse connections. */
const PRE_STOP_SECONDS = 5
/** STOP_DEADLINE_MS of services/lib/run.ts. */
const STOP_SECONDS = 25
export class Workload extends Chart {
  /** By the name of the hop that listens. */
  readonly services: Record<string, kplus.Service> = {}
  private readonly plan: PodPlan
  private readonly target: Target

  constructor(scope: Construct, id: string, plan: PodPlan, environment: Environment, edges: Edge[]) {
    const { name, pipeline, namespace, containers, services, replicas, delivery } = plan
    const labels = labelsOf(name, pipeline)
    super(scope, id, { namespace, labels, disableResourceNameHashes: true })
    this.plan = plan
    this.target = isRollout(delivery)
      ? { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name }
      : { apiVersion: 'apps/v1', kind: 'Deployment', name }
    const metadata = { name, annotations: { 'freshet.dev/purpose': plan.purpose } }
    const serviceAccount = new kplus.ServiceAccount(this, 'account', {
      metadata: { name },
      automountToken: false,
    })
    const sidecars = containers.filter(({ sidecar }) => sidecar)
    const deployment = new kplus.Deployment(this, 'deployment', {
      metadata,
      podMetadata: {
        labels,
        ...(has(environment, 'linkerd') ? { annotations: proxyAnnotations(plan, edges) } : {}),
      },
      select: false,
      serviceAccount,
      automountServiceAccountToken: false,
      securityContext: { user: userId, group: userId, fsGroup: userId, ensureNonRoot: true },
      // Sidecars are told to stop one after the other, after the last container.
      terminationGracePeriod: Duration.seconds(PRE_STOP_SECONDS + STOP_SECONDS * (sidecars.length + 1) + 5),
      strategy: kplus.DeploymentStrategy.rollingUpdate({
        maxSurge: kplus.PercentOrAbsolute.absolute(1),
        maxUnavailable: kplus.PercentOrAbsolute.absolute(0),
      }),
      ...(replicas.most === undefined ? { replicas: replicas.least } : {}),
    })
    deployment.select(kplus.LabelSelector.of({ labels }))
    for (const container of containers) {
      const props = containerOf(container, {
        ...addressesFrom(this, environment, container),
        ...tracingVariables(environment, container),
      })
      if (container.sidecar) deployment.addInitContainer(props)
      else deployment.addContainer(props)
    }
    if (environment.broker.tls && containers.some(usesKafka))
      kafkaMount(this, deployment, kafkaSecret(pipeline))
    patch(deployment, labels)

    for (const { name: service, port, headless, exported } of services) {
      const names = [service, ...(delivery === 'blue-green' ? [previewOf(service)] : [])]
      for (const each of names)
        this.services[each] = new kplus.Service(this, `service-${each}`, {
          metadata: { name: each, ...(exported ? { labels: exportLabel } : {}) },
          selector: kplus.Pods.select(this, `pods-${each}`, { labels }),
          ports: [{ name: 'events', port, targetPort: port }],
          ...(headless ? { clusterIP: 'None' } : {}),
        })
    }
    if (plan.health)
      new kplus.Service(this, 'health', {
        metadata: { name: plan.health.name },
        selector: kplus.Pods.select(this, 'pods-health', { labels }),
        ports: plan.health.ports.map(({ name: port, number }) => ({
          name: port,
          port: number,
          targetPort: number,
        })),
        publishNotReadyAddresses: true,
        // Each pod has figures of its own.
        clusterIP: 'None',
      })
    // cdk8s-plus has no construct for it.
    new KubePodDisruptionBudget(this, 'budget', {
      metadata: { name },
      spec: { maxUnavailable: IntOrString.fromNumber(1), selector: { matchLabels: labels } },
    })
    addScaler(this, plan, this.target, deployment, environment)
    if (has(environment, 'vertical-pod-autoscaler')) addVerticalScaler(this, plan, this.target)
  }

  // kind: cdk8s-plus has no Rollout, and scales nothing but its own Deployments.
  // lifecycle.preStop.sleep: the types of cdk8s-plus-28 drop it, even from a patch, and the image has no `sleep`.
  override toJson(): Manifest[] {
    const objects = super.toJson() as Manifest[]
    for (const container of objects.flatMap((object) => podOf(object)?.spec.containers ?? []))
      container['lifecycle'] = { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } }
    // spec.replicas: cdk8s-plus leaves it out for its own scaler only.
    for (const object of objects)
      if (object.kind === 'Deployment' && this.plan.replicas.most !== undefined) delete object.spec.replicas
    if (this.target.kind === 'Deployment') return objects
    return objects.map((object) => {
      if (object.kind === 'HorizontalPodAutoscaler') object.spec.scaleTargetRef = this.target
      return object.kind === 'Deployment' ? asRollout(object, this.plan) : object
    })
  }
}

function usesKafka({ args }: ContainerPlan): boolean {
  return args.some((argument) => argument.startsWith('kafka://'))
}

/** The address of a database outside the cluster is in a Secret; Kubernetes puts it into the arguments. */
function addressesFrom(
  scope: Chart,
  { stores }: Environment,
  { name, args }: ContainerPlan,
): Record<string, kplus.EnvValue> {
  if (stores.inside) return {}
  const used = Object.entries(addressVariables).filter(([, variable]) =>
    args.some((argument) => argument.includes(`$(${variable})`)),
  )
  return Object.fromEntries(
    used.map(([store, variable]) => {
      const secret = kplus.Secret.fromSecretName(scope, `${name}-${store}`, store)
      return [variable, kplus.EnvValue.fromSecretValue({ secret, key: addressKey })]
    }),
  )
}

/** Fields that cdk8s-plus cannot express. */
function patch(deployment: kplus.Deployment, labels: Record<string, string>): void {
  const pod = '/spec/template/spec'
  const object = ApiObject.of(deployment)
  // topologySpreadConstraints: cdk8s-plus spreads by anti-affinity, which counts pods of the old revision as well.
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labels },
    matchLabelKeys: ['pod-template-hash'],
  })
  object.addJsonPatch(
    JsonPatch.add(`${pod}/topologySpreadConstraints`, [
      spread('kubernetes.io/hostname'),
      spread('topology.kubernetes.io/zone'),
    ]),
  )
  // metadata.labels: cdk8s-plus adds a hash of the construct's path, which nothing here selects by.
  object.addJsonPatch(JsonPatch.remove('/spec/template/metadata/labels/cdk8s.io~1metadata.addr'))
}
