// Power and CO2 by Kepler. Where a node has no power meter the panels say "no data".
import { TextBoxVariableBuilder, type DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { energy, GRID_GRAMS_PER_KWH, JOULES_PER_KWH } from '../energy.ts'
import { dashboardOf, figure, lines } from './panels.ts'

const WATTS_PER_KW = 1_000

export function powerDashboard(): DashboardBuilder {
  const by = (expr: string, legend: string) => ({ expr, legend })
  const board = dashboardOf('freshet-power', 'Power and CO2', [
    [
      'Pipelines',
      [
        figure('power', 'watt', 'Of all pipelines.', { expr: `sum(${energy.pipeline})` }),
        figure('CO2', 'massg', 'Grams an hour, of all pipelines.', {
          expr: `sum(${energy.pipeline}) / ${WATTS_PER_KW} * $grid`,
        }),
        figure('energy', 'joule', 'Of all pipelines, in the time that is shown.', {
          expr: `sum(avg_over_time(${energy.pipeline}[$__range])) * $__range_s`,
        }),
        figure('CO2 in this time', 'massg', 'Grams, in the time that is shown.', {
          expr: `sum(avg_over_time(${energy.pipeline}[$__range])) * $__range_s / ${JOULES_PER_KWH} * $grid`,
        }),
        lines('power', 'watt', 'Of the pods of each pipeline.', by(energy.pipeline, '{{pipeline}}')),
        lines(
          'energy of 1,000 events',
          'joule',
          'Joules for 1,000 accepted events.',
          by(energy.perThousand, '{{pipeline}}'),
        ),
        lines(
          'CO2',
          'massg',
          'Grams an hour.',
          by(`${energy.pipeline} / ${WATTS_PER_KW} * $grid`, '{{pipeline}}'),
        ),
      ],
    ],
    [
      'Where it goes',
      [
        lines(
          'workloads',
          'watt',
          'Deployments and StatefulSets.',
          by(energy.workload, '{{pod_namespace}} {{workload}}'),
        ),
        lines('pods', 'watt', 'Sums of their containers.', by(energy.pod, '{{pod_namespace}} {{pod_name}}')),
      ],
    ],
  ])
  return board.withVariable(
    new TextBoxVariableBuilder('grid').label('g CO2 per kWh').defaultValue(String(GRID_GRAMS_PER_KWH)),
  )
}
