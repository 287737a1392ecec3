// The golden metrics of what clients reach, by the mesh.
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { mesh } from '../mesh-rules.ts'
import { dashboardOf, lines } from './panels.ts'

export function meshDashboard(): DashboardBuilder {
  const legend = '{{pipeline}} {{deployment}}'
  return dashboardOf('freshet-mesh', 'Mesh', [
    [
      'Intakes and read APIs',
      [
        lines('success rate', 'percentunit', 'Of the requests.', { expr: mesh.success, legend }),
        lines('requests', 'reqps', 'A second.', { expr: mesh.requests, legend }),
        lines('latency, p99', 'ms', 'Until the last byte of the answer.', { expr: mesh.latency, legend }),
      ],
    ],
  ])
}
