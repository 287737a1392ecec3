// Every dashboard, as Grafana's JSON.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Pipeline } from '../../../pipelines/pipeline.ts'
import { meshDashboard } from './mesh.ts'
import { pipelineDashboard } from './pipeline.ts'
import { powerDashboard } from './power.ts'
import { kafkaDashboard, mongodbDashboard, redisDashboard } from './stores.ts'
import { viewsDashboard } from './views.ts'

export function dashboardsOf(pipelines: Pipeline[]): Dashboard[] {
  const perPipeline = pipelines.flatMap((pipeline) => [pipelineDashboard(pipeline), viewsDashboard(pipeline)])
  const stores = [kafkaDashboard(), redisDashboard(), mongodbDashboard()]
  return [...perPipeline, ...stores, meshDashboard(), powerDashboard()].map((builder) => builder.build())
}
