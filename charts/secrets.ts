// Where the cloud's Secrets come from: External Secrets copies them into a pipeline's namespace. No value is here.
import { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { KubeRole, KubeRoleBinding } from 'cdk8s-plus-28/lib/imports/k8s.js'
import type { Construct } from 'constructs'
import { ExternalSecret, SecretStore } from '../imports/external-secrets.io.ts'
import { brokerCluster, brokerNamespace } from './plan.ts'
import type { DatabaseName } from './stores.ts'

/** Where people put the addresses of databases: `kubectl -n databases create secret generic weather-redis …`. */
export const databasesNamespace = 'databases'
/** In the Secrets `redis` and `mongodb`: host:port, of MongoDB a list. */
export const addressKey = 'address'
/** Where services/lib/secret.ts looks for the files of a secret. */
export const secretsFolder = '/etc/freshet/secrets'

/** The Secret in a pipeline's namespace with the files `ca`, `cert` and `key`; also the name of its KafkaUser. */
export function kafkaSecret(pipeline: string): string {
  return `${pipeline}-kafka`
}

export function kafkaMount(scope: Chart, deployment: kplus.Deployment, secretName: string): void {
  const secret = kplus.Secret.fromSecretName(scope, 'kafka-secret', secretName)
  const volume = kplus.Volume.fromSecret(scope, 'kafka-files', secret, { name: 'kafka', defaultMode: 0o440 })
  for (const container of [...deployment.initContainers, ...deployment.containers])
    if (container.args?.some((argument) => argument.startsWith('kafka://')))
      container.mount(`${secretsFolder}/kafka`, volume, { readOnly: true })
}

type Source = { store: string; secret: string; property: string }

/** Reads the Secrets of two other namespaces, by name, and keeps copies in this one. */
export class Secrets extends Chart {
  constructor(
    scope: Construct,
    id: string,
    pipeline: string,
    namespace: string,
    stores: ('kafka' | DatabaseName)[],
  ) {
    super(scope, id, { namespace, disableResourceNameHashes: true })
    const reader = new kplus.ServiceAccount(this, 'reader', {
      metadata: { name: 'secret-reader' },
      automountToken: false,
    })
    const databases = (['redis', 'mongodb'] as const).filter((name) => stores.includes(name))
    this.readFrom(
      databasesNamespace,
      pipeline,
      namespace,
      reader.name,
      databases.map((name) => `${pipeline}-${name}`),
    )
    for (const name of databases) {
      const source = { store: databasesNamespace, secret: `${pipeline}-${name}`, property: addressKey }
      this.copy(name, { [addressKey]: source })
    }
    if (!stores.includes('kafka')) return
    const user = kafkaSecret(pipeline)
    const authority = `${brokerCluster}-cluster-ca-cert`
    this.readFrom(brokerNamespace, pipeline, namespace, reader.name, [user, authority])
    this.copy(user, {
      ca: { store: brokerNamespace, secret: authority, property: 'ca.crt' },
      cert: { store: brokerNamespace, secret: user, property: 'user.crt' },
      key: { store: brokerNamespace, secret: user, property: 'user.key' },
    })
  }

  private readFrom(
    from: string,
    pipeline: string,
    namespace: string,
    account: string,
    secrets: string[],
  ): void {
    const name = `${pipeline}-secret-reader`
    new KubeRole(this, `role-${from}`, {
      metadata: { name, namespace: from },
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: secrets, verbs: ['get'] }],
    })
    new KubeRoleBinding(this, `binding-${from}`, {
      metadata: { name, namespace: from },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    })
    new SecretStore(this, `store-${from}`, {
      metadata: { name: from },
      spec: {
        provider: {
          kubernetes: {
            remoteNamespace: from,
            server: { caProvider: { type: 'ConfigMap', name: 'kube-root-ca.crt', key: 'ca.crt' } },
            auth: { serviceAccount: { name: account } },
          },
        },
      },
    })
  }

  private copy(name: string, files: Record<string, Source>): void {
    new ExternalSecret(this, `secret-${name}`, {
      metadata: { name },
      spec: {
        refreshInterval: '15m',
        target: { name },
        data: Object.entries(files).map(([secretKey, { store, secret, property }]) => ({
          secretKey,
          remoteRef: { key: secret, property },
          sourceRef: { storeRef: { name: store } },
        })),
      },
    })
  }
}
