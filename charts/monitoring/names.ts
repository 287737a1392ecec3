// Names that more than one part of the monitoring has.

/** Where kube-prometheus-stack is, and what it reads. */
export const monitoringNamespace = 'monitoring'
/** The data source that kube-prometheus-stack gives Grafana (`grafana.sidecar.datasources.uid`). */
export const prometheusUid = 'prometheus'
/** The pods of Grafana, by the labels of its Helm chart. */
export const grafanaLabels = { 'app.kubernetes.io/name': 'grafana' }

/** The Redis data source of a pipeline. */
export function redisUid(pipeline: string): string {
  return `redis-${pipeline}`
}

/** The Secret whose keys become Grafana's variables, where the databases are outside the cluster. */
export const grafanaSecret = 'grafana-redis-addresses'

/** `REDIS_WEATHER`: host:port. */
export function redisAddressVariable(pipeline: string): string {
  return `REDIS_${pipeline.toUpperCase().replaceAll('-', '_')}`
}
