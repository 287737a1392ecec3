// Kafka by Strimzi: one cluster for all pipelines, their topics, and in the cloud who may read and write them.
import { Chart, Size } from 'cdk8s'
import type { Construct } from 'constructs'
import {
  Kafka,
  KafkaNodePool,
  KafkaNodePoolSpecResourcesLimits as Limits,
  KafkaNodePoolSpecResourcesRequests as Requests,
  KafkaNodePoolSpecRoles,
  KafkaNodePoolSpecStorageType,
  KafkaNodePoolSpecStorageVolumesKraftMetadata,
  KafkaNodePoolSpecStorageVolumesType,
  KafkaSpecEntityOperatorTopicOperatorResourcesLimits as TopicLimits,
  KafkaSpecEntityOperatorTopicOperatorResourcesRequests as TopicRequests,
  KafkaSpecEntityOperatorUserOperatorResourcesLimits as UserLimits,
  KafkaSpecEntityOperatorUserOperatorResourcesRequests as UserRequests,
  KafkaSpecKafkaAuthorizationType,
  KafkaSpecKafkaListenersAuthenticationType,
  KafkaSpecKafkaListenersType,
  KafkaSpecKafkaMetricsConfigType,
  KafkaTopic,
  KafkaUser,
  KafkaUserSpecAuthenticationType,
  KafkaUserSpecAuthorizationAclsOperations as Operation,
  KafkaUserSpecAuthorizationAclsResourceType as Resource,
  KafkaUserSpecAuthorizationType,
} from '../imports/kafka.strimzi.io.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import type { Environment } from './environment.ts'
import { namespaceLabel } from './labels.ts'
import { brokerMetrics } from './monitoring/exporter-arguments.ts'
import { brokerCluster, brokerNamespace, brokerPort } from './plan.ts'
import { kafkaSecret } from './secrets.ts'

/** Strimzi 1.2.0's default, and the newest that it runs. */
const KAFKA_VERSION = '4.3.1'
const METADATA_VERSION = '4.3-IV0'
/** A week: long enough to repair a view from the log after a holiday. */
const RETENTION_MS = 7 * 24 * 3_600_000
const operatorResources = {
  limits: { cpu: '500m', memory: '512Mi' },
  requests: { cpu: '50m', memory: '256Mi' },
}

/** PodSecurity `restricted` for Strimzi's pods, whose own defaults leave it to the cluster. */
const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
const podTemplate = { pod: { securityContext: { runAsNonRoot: true } } }

export class Broker extends Chart {
  constructor(scope: Construct, id: string, environment: Environment, clients: string[]) {
    super(scope, id, {
      namespace: brokerNamespace,
      labels: { 'strimzi.io/cluster': brokerCluster },
      disableResourceNameHashes: true,
    })
    const { nodes, minInSync, volume, cpuMillis, memoryMiB, tls } = environment.broker
    new KafkaNodePool(this, 'nodes', {
      metadata: { name: 'brokers' },
      spec: {
        replicas: nodes,
        roles: [KafkaNodePoolSpecRoles.CONTROLLER, KafkaNodePoolSpecRoles.BROKER],
        storage: {
          type: KafkaNodePoolSpecStorageType.JBOD,
          volumes: [
            {
              id: 0,
              type: KafkaNodePoolSpecStorageVolumesType.PERSISTENT_HYPHEN_CLAIM,
              size: volume,
              deleteClaim: false,
              kraftMetadata: KafkaNodePoolSpecStorageVolumesKraftMetadata.SHARED,
            },
          ],
        },
        resources: {
          requests: resources(Requests, cpuMillis, memoryMiB),
          limits: resources(Limits, cpuMillis * 4, memoryMiB),
        },
        // Half is Java's; the page cache, from which consumers read, has the rest.
        jvmOptions: { '-Xms': `${memoryMiB / 2}m`, '-Xmx': `${memoryMiB / 2}m` },
        template: { ...podTemplate, kafkaContainer: { securityContext } },
      },
    })
    new Kafka(this, 'cluster', {
      metadata: { name: brokerCluster },
      spec: {
        kafka: {
          version: KAFKA_VERSION,
          metadataVersion: METADATA_VERSION,
          metricsConfig: {
            type: KafkaSpecKafkaMetricsConfigType.STRIMZI_METRICS_REPORTER,
            values: { allowList: brokerMetrics },
          },
          listeners: [
            {
              name: tls ? 'tls' : 'plain',
              port: brokerPort(environment),
              type: KafkaSpecKafkaListenersType.INTERNAL,
              tls,
              ...(tls ? { authentication: { type: KafkaSpecKafkaListenersAuthenticationType.TLS } } : {}),
              networkPolicyPeers: clients.map((name) => ({
                namespaceSelector: { matchLabels: { [namespaceLabel]: name } },
              })),
            },
          ],
          ...(tls ? { authorization: { type: KafkaSpecKafkaAuthorizationType.SIMPLE } } : {}),
          config: {
            'auto.create.topics.enable': false,
            'default.replication.factor': nodes,
            'min.insync.replicas': minInSync,
            'offsets.topic.replication.factor': nodes,
            'transaction.state.log.replication.factor': nodes,
            'transaction.state.log.min.isr': minInSync,
            'unclean.leader.election.enable': false,
          },
        },
        entityOperator: {
          template: {
            ...podTemplate,
            topicOperatorContainer: { securityContext },
            userOperatorContainer: { securityContext },
          },
          topicOperator: { resources: quantities(TopicLimits, TopicRequests) },
          ...(tls ? { userOperator: { resources: quantities(UserLimits, UserRequests) } } : {}),
        },
      },
    })
  }
}

/** The topics of a pipeline and, where clients are known by certificates, its user. */
export class Topics extends Chart {
  constructor(
    scope: Construct,
    id: string,
    environment: Environment,
    pipeline: Pipeline & { topic: object },
  ) {
    super(scope, id, {
      namespace: brokerNamespace,
      labels: { 'strimzi.io/cluster': brokerCluster },
      disableResourceNameHashes: true,
    })
    const { nodes, minInSync, tls } = environment.broker
    const { name, partitions } = pipeline.topic
    // Dead letters have one partition: they are few, and people read them in order.
    for (const [topic, count] of [
      [name, partitions],
      [`${name}.dlq`, 1],
    ] as const) {
      new KafkaTopic(this, `topic-${topic}`, {
        metadata: { name: topic },
        spec: {
          partitions: count,
          replicas: nodes,
          config: { 'min.insync.replicas': minInSync, 'retention.ms': RETENTION_MS },
        },
      })
    }
    if (!tls) return
    const groups = Object.values(pipeline.hops).flatMap(({ from }) => ('group' in from ? [from.group] : []))
    const allow = (type: Resource, resource: string, operations: Operation[]) => ({
      resource: { type, name: resource },
      operations,
      host: '*',
    })
    new KafkaUser(this, 'user', {
      metadata: { name: kafkaSecret(pipeline.name) },
      spec: {
        authentication: { type: KafkaUserSpecAuthenticationType.TLS },
        authorization: {
          type: KafkaUserSpecAuthorizationType.SIMPLE,
          acls: [
            allow(Resource.TOPIC, name, [Operation.DESCRIBE, Operation.READ, Operation.WRITE]),
            allow(Resource.TOPIC, `${name}.dlq`, [Operation.DESCRIBE, Operation.READ, Operation.WRITE]),
            ...groups.map((group) => allow(Resource.GROUP, group, [Operation.DESCRIBE, Operation.READ])),
          ],
        },
      },
    })
  }
}

function resources<T>(kind: { fromString(value: string): T }, cpuMillis: number, memoryMiB: number) {
  return {
    cpu: kind.fromString(`${cpuMillis}m`),
    memory: kind.fromString(Size.mebibytes(memoryMiB).asString()),
  }
}

function quantities<L, R>(
  limits: { fromString(value: string): L },
  requests: { fromString(value: string): R },
) {
  const each = <T>(
    kind: { fromString(value: string): T },
    { cpu, memory }: { cpu: string; memory: string },
  ) => ({
    cpu: kind.fromString(cpu),
    memory: kind.fromString(memory),
  })
  return {
    limits: each(limits, operatorResources.limits),
    requests: each(requests, operatorResources.requests),
  }
}
