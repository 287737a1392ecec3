// A load test inside the cluster: for each intake of a pipeline a Job that runs the program `run`, and what lets it in. It is
// applied on its own; to run it again, delete its file first.
import { readFileSync } from 'node:fs'
import { ApiObject, Chart, Duration, JsonPatch, Size } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import { AuthorizationPolicy, MeshTlsAuthentication } from '../imports/policy.linkerd.io.ts'
import { commands, image, userId } from '../pipelines/images.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { restricted } from './container.ts'
import { labelsOf } from './labels.ts'
import { CONTROL_PLANE_PORTS, linkerdNamespace, PROXY_PORT } from './linkerd.ts'
import { clientAnnotations } from './mesh.ts'
import type { PodPlan, ServicePlan } from './plan.ts'

/** As the sources' own tests: so many requests over so many connections, for so long at most. */
const load = { requests: 100_000, connections: 50, timeoutMinutes: 10 }
/** Of a data set, evenly taken: an object of the API holds 1 MiB, and people read these. */
const MAX_DATA_BYTES = 32 * 1_024
const FOLDER = '/etc/freshet/rows'
const FILE = 'rows.ndjson'

export type LoadTestProps = { pipeline: Pipeline; pods: PodPlan[]; meshed: boolean }

export class LoadTest extends Chart {
  private readonly meshed: boolean
  private readonly rows: kplus.ConfigMap
  private readonly account: kplus.ServiceAccount

  constructor(scope: Construct, id: string, { pipeline, pods, meshed }: LoadTestProps) {
    const { name, namespace, rows } = pipeline
    super(scope, id, { namespace, disableResourceNameHashes: true })
    this.meshed = meshed
    this.rows = new kplus.ConfigMap(this, 'rows', {
      metadata: { name: 'loadtest', annotations: { 'freshet.dev/purpose': `rows of ${rows}` } },
      data: { [FILE]: sample(rows) },
    })
    this.account = new kplus.ServiceAccount(this, 'account', {
      metadata: { name: 'loadtest' },
      automountToken: false,
    })
    const reached = pods.flatMap((pod) =>
      pod.services.map((service) => ({ service, labels: labelsOf(pod.name, name) })),
    )
    for (const { service } of reached) {
      if (!isIntake(pipeline, service)) continue
      const job = `loadtest-${service.name}`
      const labels = labelsOf(job, name)
      this.addJob(job, labels, service)
      // Of a split, the next version gets its share.
      for (const { service: each, labels: intake } of reached)
        if (each === service) this.letIn(job, labels, service, intake)
        else if (each.nextOf === service.name) this.letIn(`${job}-next`, labels, each, intake)
    }
  }

  private addJob(name: string, labels: Record<string, string>, { name: service, port }: ServicePlan): void {
    const { requests, connections, timeoutMinutes } = load
    const job = new kplus.Job(this, name, {
      metadata: {
        name,
        labels,
        annotations: {
          'freshet.dev/purpose': `${requests} events to ${service} over ${connections} connections`,
        },
      },
      podMetadata: { labels, ...(this.meshed ? { annotations: clientAnnotations } : {}) },
      serviceAccount: this.account,
      automountServiceAccountToken: false,
      securityContext: { user: userId, group: userId, fsGroup: userId, ensureNonRoot: true },
      restartPolicy: kplus.RestartPolicy.NEVER,
      // A second try would count events twice.
      backoffLimit: 0,
      activeDeadline: Duration.minutes(timeoutMinutes + 2),
      containers: [
        {
          name: 'run',
          image,
          imagePullPolicy: kplus.ImagePullPolicy.IF_NOT_PRESENT,
          command: commands.run,
          args: [
            '--file',
            `${FOLDER}/${FILE}`,
            ...`--host http://${service}:${port}`.split(' '),
            ...`--requests ${requests} --concurrence ${connections} --timeout ${timeoutMinutes}m`.split(' '),
          ],
          resources: {
            cpu: { request: kplus.Cpu.millis(100), limit: kplus.Cpu.millis(1_000) },
            memory: { request: Size.mebibytes(128), limit: Size.mebibytes(512) },
          },
          securityContext: restricted,
          volumeMounts: [
            {
              path: FOLDER,
              volume: kplus.Volume.fromConfigMap(this, `${name}-rows`, this.rows, { name: 'rows' }),
              readOnly: true,
            },
          ],
        },
      ],
    })
    // metadata.labels: cdk8s-plus adds a hash of the construct's path, which nothing here selects by.
    ApiObject.of(job).addJsonPatch(JsonPatch.remove('/spec/template/metadata/labels/cdk8s.io~1metadata.addr'))
  }

  private letIn(
    name: string,
    labels: Record<string, string>,
    { name: service, port }: ServicePlan,
    intake: Record<string, string>,
  ): void {
    const podsWith = (id: string, wanted: Record<string, string>, namespace?: string) =>
      kplus.Pods.select(this, `${name}-${id}`, {
        labels: wanted,
        ...(namespace
          ? { namespaces: kplus.Namespaces.select(this, `${name}-${id}-in`, { names: [namespace] }) }
          : {}),
      })
    const tcp = (number: number) => kplus.NetworkPolicyPort.tcp(number)
    const job = podsWith('job', labels)
    const target = podsWith('target', intake)
    const names = podsWith('dns', { 'k8s-app': 'kube-dns' }, 'kube-system')
    const ports = [tcp(port), ...(this.meshed ? [tcp(PROXY_PORT)] : [])]
    const proxies = kplus.Pods.all(this, `${name}-mesh`, {
      namespaces: kplus.Namespaces.select(this, `${name}-mesh-in`, { names: [linkerdNamespace] }),
    })
    new kplus.NetworkPolicy(this, `${name}-out`, {
      metadata: { name },
      selector: job,
      egress: {
        rules: [
          { peer: target, ports },
          { peer: names, ports: [kplus.NetworkPolicyPort.udp(53), tcp(53)] },
          ...(this.meshed ? [{ peer: proxies, ports: CONTROL_PLANE_PORTS.map(tcp) }] : []),
        ],
      },
    })
    new kplus.NetworkPolicy(this, `${name}-in`, {
      metadata: { name: `${name}-in` },
      selector: target,
      ingress: { rules: [{ peer: job, ports }] },
    })
    if (!this.meshed) return
    const group = 'policy.linkerd.io'
    new MeshTlsAuthentication(this, `${name}-identity`, {
      metadata: { name },
      spec: { identityRefs: [{ kind: 'ServiceAccount', name: this.account.name }] },
    })
    new AuthorizationPolicy(this, `${name}-policy`, {
      metadata: { name },
      spec: {
        targetRef: { group, kind: 'Server', name: service },
        requiredAuthenticationRefs: [{ group, kind: 'MeshTLSAuthentication', name }],
      },
    })
  }
}

function isIntake({ hops }: Pipeline, { name, nextOf }: ServicePlan): boolean {
  return nextOf === undefined && name in hops && 'http' in hops[name]!.from
}

/** Rows of a data set, one a line: as many as fit, from its beginning to its end. */
export function sample(file: string): string {
  const rows = JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')) as object[]
  const lines = rows.map((row) => JSON.stringify(row))
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
  const step = Math.ceil(bytes / MAX_DATA_BYTES)
  return `${lines.filter((_, index) => index % step === 0).join('\n')}\n`
}
