// What Grafana finds at its start: dashboards, and a data source for each pipeline's Redis. Its sidecar reads ConfigMaps
// by their labels.
import { Chart, Yaml } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import { ExternalSecret, SecretStore } from '../../imports/external-secrets.io.ts'
import { KubeRole, KubeRoleBinding } from 'cdk8s-plus-28/lib/imports/k8s.js'
import type { Pipeline } from '../../pipelines/pipeline.ts'
import type { Environment } from '../environment.ts'
import { addressKey, databasesNamespace } from '../secrets.ts'
import { databases } from '../stores.ts'
import { dashboardsOf } from './dashboards/all.ts'
import { grafanaSecret, monitoringNamespace, redisAddressVariable, redisUid } from './names.ts'

const FOLDER = 'Freshet'

export class Dashboards extends Chart {
  constructor(scope: Construct, id: string, pipelines: Pipeline[]) {
    super(scope, id, { namespace: monitoringNamespace, disableResourceNameHashes: true })
    for (const dashboard of dashboardsOf(pipelines)) {
      const name = dashboard.uid!
      new kplus.ConfigMap(this, name, {
        metadata: {
          name,
          labels: { grafana_dashboard: '1' },
          annotations: { grafana_folder: FOLDER, 'freshet.dev/purpose': `dashboard: ${dashboard.title}` },
        },
        data: { [`${name}.json`]: `${JSON.stringify(dashboard, null, 1)}\n` },
      })
    }
  }
}

export class DataSources extends Chart {
  constructor(scope: Construct, id: string, pipelines: Pipeline[], { stores }: Environment) {
    super(scope, id, { namespace: monitoringNamespace, disableResourceNameHashes: true })
    const addressOf = ({ name, namespace }: Pipeline) =>
      // Grafana puts its variables in; their values are in a Secret.
      stores.inside ? `redis.${namespace}.svc:${databases.redis.port}` : `$${redisAddressVariable(name)}`
    const datasources = pipelines.map((pipeline) => ({
      name: `Redis ${pipeline.name}`,
      type: 'redis-datasource',
      uid: redisUid(pipeline.name),
      access: 'proxy',
      url: `redis://${addressOf(pipeline)}`,
      editable: false,
      jsonData: { client: 'standalone', poolSize: 2, timeout: 5, pingInterval: 0, pipelineWindow: 0 },
    }))
    new kplus.ConfigMap(this, 'redis', {
      metadata: {
        name: 'grafana-redis',
        labels: { grafana_datasource: '1' },
        annotations: { 'freshet.dev/purpose': 'data sources: the live views of each pipeline' },
      },
      data: { 'redis.yaml': Yaml.stringify({ apiVersion: 1, datasources }) },
    })
    if (!stores.inside) this.copyAddresses(pipelines)
  }

  /** The addresses that people put into Secrets of `databases`, as variables of Grafana. */
  private copyAddresses(pipelines: Pipeline[]): void {
    const name = grafanaSecret
    new kplus.ServiceAccount(this, 'reader', { metadata: { name }, automountToken: false })
    const metadata = { name, namespace: databasesNamespace }
    const resourceNames = pipelines.map((pipeline) => `${pipeline.name}-redis`)
    new KubeRole(this, 'role', {
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames, verbs: ['get'] }],
    })
    new KubeRoleBinding(this, 'binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: monitoringNamespace }],
    })
    new SecretStore(this, 'store', {
      metadata: { name: databasesNamespace },
      spec: {
        provider: {
          kubernetes: {
            remoteNamespace: databasesNamespace,
            server: { caProvider: { type: 'ConfigMap', name: 'kube-root-ca.crt', key: 'ca.crt' } },
            auth: { serviceAccount: { name } },
          },
        },
      },
    })
    new ExternalSecret(this, 'addresses', {
      metadata: { name },
      spec: {
        refreshInterval: '15m',
        target: { name },
        data: pipelines.map((pipeline) => ({
          secretKey: redisAddressVariable(pipeline.name),
          remoteRef: { key: `${pipeline.name}-redis`, property: addressKey },
          sourceRef: { storeRef: { name: databasesNamespace } },
        })),
      },
    })
  }
}
