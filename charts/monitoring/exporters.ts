// Beside each database of a pipeline, a pod that turns its own figures into metrics. Kafka's comes with Strimzi.
import { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { Size, Duration } from 'cdk8s'
import type { Construct } from 'constructs'
import { restricted } from '../container.ts'
import type { Environment } from '../environment.ts'
import { labelsOf } from '../labels.ts'
import { addressVariables } from '../plan.ts'
import { addressKey } from '../secrets.ts'
import { databases, type DatabaseName } from '../stores.ts'
import { exporterArguments, exporterName, exporters } from './exporter-arguments.ts'

export type ExporterProps = {
  database: DatabaseName
  pipeline: string
  namespace: string
  environment: Environment
}

/** By which ServiceMonitors find the Services. */
export const exporterLabel = { 'app.kubernetes.io/component': 'exporter' }

export class Exporter extends Chart {
  constructor(scope: Construct, id: string, { database, pipeline, namespace, environment }: ExporterProps) {
    const name = exporterName(database)
    const { image, port, userId } = exporters[database]
    const labels = { ...labelsOf(name, pipeline), ...exporterLabel }
    super(scope, id, { namespace, labels, disableResourceNameHashes: true })
    const { inside } = environment.stores
    const variable = addressVariables[database]!
    const address = inside ? `${database}:${databases[database].port}` : `$(${variable})`
    const serviceAccount = new kplus.ServiceAccount(this, 'account', {
      metadata: { name },
      automountToken: false,
    })
    const deployment = new kplus.Deployment(this, 'deployment', {
      metadata: { name, annotations: { 'freshet.dev/purpose': `metrics of ${database}` } },
      podMetadata: { labels },
      select: false,
      replicas: 1,
      serviceAccount,
      automountServiceAccountToken: false,
      securityContext: { user: userId, group: userId, ensureNonRoot: true },
    })
    deployment.select(kplus.LabelSelector.of({ labels }))
    deployment.addContainer({
      name,
      image,
      imagePullPolicy: kplus.ImagePullPolicy.IF_NOT_PRESENT,
      args: exporterArguments(database, address, port),
      ports: [{ name: 'metrics', number: port }],
      ...(inside ? {} : { envVariables: { [variable]: this.addressFrom(database) } }),
      liveness: kplus.Probe.fromTcpSocket({ port, periodSeconds: Duration.seconds(20) }),
      resources: {
        cpu: { request: kplus.Cpu.millis(10), limit: kplus.Cpu.millis(200) },
        memory: { request: Size.mebibytes(24), limit: Size.mebibytes(96) },
      },
      securityContext: { ...restricted, user: userId, group: userId },
    })
    new kplus.Service(this, 'service', {
      metadata: { name },
      selector: kplus.Pods.select(this, 'pods', { labels }),
      ports: [{ name: 'metrics', port, targetPort: port }],
    })
  }

  private addressFrom(database: DatabaseName): kplus.EnvValue {
    const secret = kplus.Secret.fromSecretName(this, 'address', database)
    return kplus.EnvValue.fromSecretValue({ secret, key: addressKey })
  }
}
