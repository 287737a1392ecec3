// The exporters' programs, and what Kafka's brokers expose. `make demo-monitoring` runs what it can get of them, in the same
// versions and with the same arguments.

type Exporter = {
  image: string
  port: number
  /** Of the image. */
  userId: number
}

export const exporters: Record<'redis' | 'mongodb', Exporter> = {
  redis: {
    // The version of Debian 12's package.
    image: 'docker.io/oliver006/redis_exporter:v1.45.0',
    port: 9_121,
    userId: 59_000,
  },
  mongodb: {
    image: 'docker.io/percona/mongodb_exporter:0.43.1',
    port: 9_216,
    userId: 65_535,
  },
}

/** What brokers expose by Strimzi's metrics reporter: what the dashboard of Kafka shows, as regular expressions. */
export const brokerMetrics = [
  'kafka_server_brokertopicmetrics_(messagesin|bytesin|bytesout)persec.*',
  'kafka_server_replicamanager_(partitioncount|underreplicatedpartitions)',
  'kafka_controller_kafkacontroller_(activebrokercount|offlinepartitionscount)',
  'kafka_log_log_(size|logendoffset|logstartoffset)',
  'kafka_network_requestmetrics_totaltimems.*',
  'kafka_coordinator_group_groupmetadatamanager_numgroups',
]

export function exporterName(database: keyof typeof exporters): string {
  return `${database}-exporter`
}

/** `address` is the store's, host:port. */
export function exporterArguments(
  database: keyof typeof exporters,
  address: string,
  port: number,
  host = '',
): string[] {
  const listen = ['--web.listen-address', `${host}:${port}`]
  switch (database) {
    case 'redis':
      return ['--redis.addr', `redis://${address}`, ...listen]
    case 'mongodb':
      return [
        '--mongodb.uri',
        `mongodb://${address}`,
        '--mongodb.direct-connect',
        '--collector.dbstats',
        '--collector.diagnosticdata',
        '--discovering-mode',
        ...listen,
      ]
  }
}
