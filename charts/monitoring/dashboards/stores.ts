// Kafka, Redis and MongoDB as their exporters see them.
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { dashboardOf, lines, RATE } from './panels.ts'

export function kafkaDashboard(): DashboardBuilder {
  const perTopic = (expr: string) => ({ expr: `sum by (topic) (${expr})`, legend: '{{topic}}' })
  const rate = (name: string) =>
    perTopic(`rate(kafka_server_brokertopicmetrics_${name}persec_total{topic!=""}${RATE})`)
  const total = (name: string, legend: string) => ({ expr: `sum(${name})`, legend })
  return dashboardOf('freshet-kafka', 'Kafka', [
    [
      'Topics',
      [
        lines('appended', 'ops', 'Records a second.', rate('messagesin')),
        lines('bytes in', 'bytes', 'Appended, a second.', rate('bytesin')),
        lines('bytes out', 'bytes', 'Read, a second.', rate('bytesout')),
        lines(
          'held',
          'short',
          'Records between the oldest and the next offset.',
          perTopic('kafka_log_log_logendoffset - kafka_log_log_logstartoffset'),
        ),
        lines('on disk', 'bytes', 'Of all replicas.', perTopic('kafka_log_log_size')),
        lines('lag', 'short', 'Records that a consumer group has before it.', {
          expr: 'max by (pipeline, group) (freshet_query_lag_records)',
          legend: '{{pipeline}} {{group}}',
        }),
      ],
    ],
    [
      'Brokers',
      [
        lines('brokers', 'short', 'In service.', {
          expr: 'max(kafka_controller_kafkacontroller_activebrokercount)',
          legend: 'brokers',
        }),
        lines(
          'partitions',
          'short',
          'With a replica here; those that lack one; those that nobody leads.',
          total('kafka_server_replicamanager_partitioncount', 'replicas'),
          total('kafka_server_replicamanager_underreplicatedpartitions', 'under-replicated'),
          total('kafka_controller_kafkacontroller_offlinepartitionscount', 'offline'),
        ),
        lines('request time, p99', 'ms', 'From the last byte of a request to the last of its answer.', {
          expr: 'max by (request) (kafka_network_requestmetrics_totaltimems{request=~"Produce|Fetch|OffsetCommit", quantile="0.99"})',
          legend: '{{request}}',
        }),
        lines(
          'consumer groups',
          'short',
          'That the brokers know.',
          total('kafka_coordinator_group_groupmetadatamanager_numgroups', 'groups'),
        ),
      ],
    ],
  ])
}

const pipeline = '{{pipeline}}'
const perPipeline = (expr: string) => ({ expr: `sum by (pipeline) (${expr})`, legend: pipeline })

export function redisDashboard(): DashboardBuilder {
  return dashboardOf('freshet-redis', 'Redis', [
    [
      '',
      [
        lines('up', 'short', '1 when it answers.', perPipeline('redis_up')),
        lines('commands', 'ops', 'A second, by command.', {
          expr: `sum by (pipeline, cmd) (rate(redis_commands_total${RATE}))`,
          legend: '{{pipeline}} {{cmd}}',
        }),
        lines('time of commands', 's', 'Seconds of its one processor, a second.', {
          expr: `sum by (pipeline, cmd) (rate(redis_commands_duration_seconds_total${RATE}))`,
          legend: '{{pipeline}} {{cmd}}',
        }),
        lines('memory', 'bytes', 'Used.', perPipeline('redis_memory_used_bytes')),
        lines('clients', 'short', 'Connected.', perPipeline('redis_connected_clients')),
        lines('keys', 'short', 'Of all databases.', perPipeline('redis_db_keys')),
      ],
    ],
  ])
}

export function mongodbDashboard(): DashboardBuilder {
  const stored = (expr: string) => ({ expr: `max by (pipeline) (${expr})`, legend: pipeline })
  const sink = 'sink="mongodb"'
  return dashboardOf('freshet-mongodb', 'MongoDB', [
    [
      '',
      [
        lines(
          'answers',
          'short',
          '1 when it answered the query service last.',
          stored('freshet_query_store_up{store="MongoDB"}'),
        ),
        lines(
          'documents',
          'short',
          'In the log of events.',
          stored('freshet_query_ledger_records{store="mongodb"}'),
        ),
        lines(
          'data',
          'bytes',
          'Of a database, before compression.',
          stored('freshet_query_mongodb_bytes{what="data"}'),
        ),
        lines(
          'on disk',
          'bytes',
          'Of a database: data and indexes.',
          stored('freshet_query_mongodb_bytes{what="storage"}'),
        ),
        lines('inserts', 'ops', 'Batches a second, by verdict.', {
          expr: `sum by (pipeline, verdict) (rate(freshet_hop_attempts_total{${sink}}${RATE}))`,
          legend: '{{pipeline}} {{verdict}}',
        }),
        lines('freshness, p99', 's', 'Age of events when they are stored.', {
          expr: `max by (pipeline, hop) (pipeline_hop_sink:freshet_hop_freshness_seconds:p99{${sink}})`,
          legend: '{{pipeline}} {{hop}}',
        }),
      ],
    ],
  ])
}
