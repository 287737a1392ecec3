// The databases of a pipeline inside the cluster: a StatefulSet with a volume each.
import { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { IntOrString, KubeStatefulSet, Quantity } from 'cdk8s-plus-28/lib/imports/k8s.js'
import type { Construct } from 'constructs'
import { labelsOf } from './labels.ts'

export type DatabaseName = 'redis' | 'mongodb'

type Database = {
  image: string
  port: number
  command: string[]
  folder: string
  /** Of the user that the image's own packages made. */
  userId: number
  cpu: { request: string; limit: string }
  memory: { request: string; limit: string }
  purpose: string
}

export const databases: Record<DatabaseName, Database> = {
  redis: {
    image: 'docker.io/library/redis:7.2.5-bookworm',
    port: 6_379,
    // Policies say who may connect, so it need not refuse all but itself (protected mode). The fences must be
    // as durable as the views that they guard, and a full store must refuse, not forget.
    command:
      'redis-server --dir /data --protected-mode no --appendonly yes --appendfsync always --maxmemory 192mb --maxmemory-policy noeviction'.split(
        ' ',
      ),
    folder: '/data',
    userId: 999,
    cpu: { request: '50m', limit: '1' },
    memory: { request: '64Mi', limit: '320Mi' },
    purpose: 'the live views and their fences',
  },
  mongodb: {
    image: 'docker.io/library/mongo:7.0.12-jammy',
    port: 27_017,
    // Its socket file would need a folder outside the volume.
    command: [
      'mongod',
      '--bind_ip_all',
      '--dbpath',
      '/data/db',
      '--nounixsocket',
      '--wiredTigerCacheSizeGB',
      '0.25',
    ],
    folder: '/data/db',
    userId: 999,
    cpu: { request: '50m', limit: '1' },
    memory: { request: '256Mi', limit: '640Mi' },
    purpose: 'the log of events, for people and by id',
  },
}

export class Store extends Chart {
  constructor(
    scope: Construct,
    id: string,
    props: { name: DatabaseName; pipeline: string; namespace: string; volume: string },
  ) {
    const { name, pipeline, namespace, volume } = props
    const { image, port, command, folder, userId, cpu, memory, purpose } = databases[name]
    const labels = labelsOf(name, pipeline)
    super(scope, id, { namespace, labels, disableResourceNameHashes: true })
    new kplus.ServiceAccount(this, 'account', { metadata: { name }, automountToken: false })
    new kplus.Service(this, 'service', {
      metadata: { name },
      selector: kplus.Pods.select(this, 'pods', { labels }),
      ports: [{ name, port, targetPort: port }],
      clusterIP: 'None',
    })
    const tcpSocket = { port: IntOrString.fromNumber(port) }
    const resources = (of: 'request' | 'limit') => ({
      cpu: Quantity.fromString(cpu[of]),
      memory: Quantity.fromString(memory[of]),
    })
    // spec.volumeClaimTemplates: cdk8s-plus has no field for it.
    new KubeStatefulSet(this, 'set', {
      metadata: { name, annotations: { 'freshet.dev/purpose': purpose } },
      spec: {
        serviceName: name,
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 60,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: userId,
              runAsGroup: userId,
              fsGroup: userId,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name,
                image,
                imagePullPolicy: 'IfNotPresent',
                command,
                ports: [{ name, containerPort: port }],
                readinessProbe: { tcpSocket, periodSeconds: 2 },
                livenessProbe: { tcpSocket, initialDelaySeconds: 60, periodSeconds: 20, failureThreshold: 6 },
                resources: { requests: resources('request'), limits: resources('limit') },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [{ name: 'data', mountPath: folder }],
              },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: Quantity.fromString(volume) } },
            },
          },
        ],
      },
    })
  }
}
