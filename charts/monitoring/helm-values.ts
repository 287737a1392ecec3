// Values for the Helm chart kube-prometheus-stack: as small as a laptop wants it, reading what this folder's manifests say.
import type { Environment } from '../environment.ts'
import { grafanaSecret, prometheusUid } from './names.ts'

const resources = (cpuMillis: number, memoryMiB: number, limitMiB: number) => ({
  requests: { cpu: `${cpuMillis}m`, memory: `${memoryMiB}Mi` },
  limits: { memory: `${limitMiB}Mi` },
})

/** Of Grafana's catalogue; the version is the newest that its own page lists. */
export const redisPlugin = 'redis-datasource 2.2.0'

export function kubePrometheusStackValues({ name, stores }: Environment) {
  const laptop = name === 'laptop'
  return {
    fullnameOverride: 'monitoring',
    // Its rules are about control planes; ours are in this folder.
    defaultRules: { create: false },
    // Reads files of the host, which PodSecurity `restricted` forbids; nothing here needs it.
    nodeExporter: { enabled: false },
    kubeControllerManager: { enabled: false },
    kubeEtcd: { enabled: false },
    kubeProxy: { enabled: false },
    kubeScheduler: { enabled: false },
    alertmanager: { enabled: !laptop },
    prometheusOperator: { resources: resources(10, 48, 128) },
    'kube-state-metrics': { resources: resources(10, 32, 96) },
    prometheus: {
      prometheusSpec: {
        scrapeInterval: '15s',
        evaluationInterval: '15s',
        retention: laptop ? '1d' : '15d',
        resources: resources(100, 256, laptop ? 768 : 4_096),
      },
    },
    grafana: {
      defaultDashboardsEnabled: false,
      plugins: [redisPlugin],
      resources: resources(20, 96, 256),
      sidecar: {
        dashboards: {
          enabled: true,
          label: 'grafana_dashboard',
          labelValue: '1',
          folderAnnotation: 'grafana_folder',
          provider: { foldersFromFilesStructure: true },
        },
        datasources: { enabled: true, label: 'grafana_datasource', labelValue: '1', uid: prometheusUid },
      },
      ...(stores.inside ? {} : { envFromSecret: grafanaSecret }),
    },
  }
}
