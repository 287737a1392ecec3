// What differs on the one node of test-node from dist/laptop:
// - Strimzi's operator is not at hand. In place of its Kafka and KafkaNodePool comes a StatefulSet with one broker of the
//   same resources and settings, under the labels and the Service that Strimzi would make, on a volume that goes with
//   the pod. The KafkaTopics are handed out, for the test makes them.
// - Redis and MongoDB run from images of the local stack's binaries: Redis of another version; FerretDB, with a command
//   of its own, unless mongod is on PATH.
// - The exporters of the databases are left out, whose images are not at hand, and the class of the Gateway controller,
//   whose definition is not.
// All else is applied as it is: the hops, the query service, their Services, scalers, budgets and policies. Nothing acts
// on the Ingresses, and nothing enforces the policies.
import { brokerSettings, clusterId, jvmOptions } from '../../local/kafka.ts'
import type { Manifest } from './manifests.ts'

/** Nobody pulls them: they are loaded. */
export const storeImages = {
  kafka: 'localhost/freshet-test/kafka:1',
  redis: 'localhost/freshet-test/redis:1',
  mongodb: 'localhost/freshet-test/mongodb:1',
}
/** Where the image of Kafka has Java and Kafka. */
export const javaFolder = '/usr/lib/java'
export const jarFolder = '/kafka'

export const kafkaBrokers = 'freshet-kafka-bootstrap.kafka.svc:9092'

export type Topic = { name: string; partitions: number }

/** `isMongod` says that the image of MongoDB has the real one. */
export function overlay(objects: Manifest[], isMongod: boolean): { objects: Manifest[]; topics: Topic[] } {
  const ofStrimzi = (kind?: string) =>
    objects.filter(
      (object) => object.apiVersion.startsWith('kafka.strimzi.io/') && (!kind || object.kind === kind),
    )
  const [pool] = ofStrimzi('KafkaNodePool')
  const [cluster] = ofStrimzi('Kafka')
  const others = objects.filter((object) => !ofStrimzi().includes(object) && !isLeftOut(object))
  return {
    objects: [...others.map((object) => onLocalImages(object, isMongod)), ...broker(pool!, cluster!)],
    topics: ofStrimzi('KafkaTopic').map(({ metadata: { name }, spec }) => ({
      name,
      partitions: spec.partitions as number,
    })),
  }
}

/** See above. What an exporter's policy lets through harms nobody. */
export function isLeftOut({ kind, metadata }: Manifest): boolean {
  return kind === 'GatewayClass' || (kind !== 'NetworkPolicy' && metadata.name.endsWith('-exporter'))
}

function onLocalImages(object: Manifest, isMongod: boolean): Manifest {
  if (object.kind !== 'StatefulSet') return object
  const changed = structuredClone(object)
  for (const container of changed.spec.template.spec.containers as { name: string; image: string }[]) {
    container.image = storeImages[container.name as keyof typeof storeImages]
    if (container.name === 'mongodb' && !isMongod)
      // FerretDB's launcher: local/ferretdb/main.go.
      Object.assign(container, {
        command: ['ferretdb', '0.0.0.0:27017', 'file:/data/db/?_pragma=synchronous(off)'],
      })
  }
  return changed
}

const namespace = 'kafka'
const labels = { 'strimzi.io/cluster': 'freshet', 'strimzi.io/kind': 'Kafka' }

function broker(pool: Manifest, cluster: Manifest): Manifest[] {
  const settings = {
    ...brokerSettings(9_092, 9_093, '/data'),
    listeners: 'PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093',
    'advertised.listeners': `PLAINTEXT://${kafkaBrokers}`,
    ...(cluster.spec.kafka.config as Record<string, unknown>),
  }
  const properties = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`)
  const file = '/etc/kafka/server.properties'
  const java = (main: string, ...args: string[]) => ({
    image: storeImages.kafka,
    command: [`${javaFolder}/bin/java`],
    args: [...jvmOptions, '-cp', `${jarFolder}/*`, main, ...args],
    resources: pool.spec.resources as object,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'settings', mountPath: '/etc/kafka' },
      { name: 'data', mountPath: '/data' },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  })
  const about = { namespace, labels }
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kafka', ...about },
      data: { 'server.properties': `${properties.join('\n')}\n` },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'freshet-kafka-bootstrap', ...about },
      spec: { selector: labels, ports: [{ name: 'plain', port: 9_092, targetPort: 9_092 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'kafka', ...about },
      spec: {
        serviceName: 'freshet-kafka-bootstrap',
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 1_000,
              runAsGroup: 1_000,
              fsGroup: 1_000,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            initContainers: [
              {
                name: 'format',
                ...java(
                  'kafka.tools.StorageTool',
                  ...`format --ignore-formatted --cluster-id ${clusterId} --config ${file}`.split(' '),
                ),
              },
            ],
            containers: [
              {
                name: 'kafka',
                ...java('kafka.Kafka', file),
                ports: [{ name: 'plain', containerPort: 9_092 }],
                readinessProbe: { tcpSocket: { port: 9_092 }, periodSeconds: 1 },
              },
            ],
            volumes: [
              { name: 'settings', configMap: { name: 'kafka' } },
              { name: 'data', emptyDir: {} },
              { name: 'scratch', emptyDir: {} },
            ],
          },
        },
      },
    },
  ]
}
