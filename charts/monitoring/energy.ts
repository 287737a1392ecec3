// Energy by Kepler's counters: joules of containers, summed per pod, workload and pipeline, per 1,000 events, and as CO2.
// Without a power meter Kepler has no such series, and sums of nothing are nothing: no data, never zero.
import type { Pipeline } from '../../pipelines/pipeline.ts'
import type { Pace, Recording } from './rules.ts'

/**
 * Grams of CO2 equivalent for a kWh of electricity, the world's mean of 2024: Ember, Global Electricity Review 2025. The
 * dashboard has it as a variable, because every grid has its own.
 */
export const GRID_GRAMS_PER_KWH = 473
/** By definition. */
export const JOULES_PER_KWH = 3_600_000

/** `package` holds the cores and what is beside them on the chip; `dram` is beside it. Others would be counted twice. */
const ZONES = 'zone=~"package|dram"'

export const energy = {
  pod: 'pod:kepler_joules:rate',
  workload: 'workload:kepler_joules:rate',
  pipeline: 'pipeline:kepler_joules:rate',
  perThousand: 'pipeline:kepler_joules_per_1000_events:ratio',
  grams: 'pipeline:co2_grams:rate',
} as const

export function energyRecords(pipelines: Pipeline[], { window }: Pace): Recording[] {
  // Containers know their pod's id only; Kepler's series of pods say whose it is.
  const owners = 'group by (pod_id, pod_name, pod_namespace) (kepler_pod_cpu_joules_total)'
  const containers = `sum by (pod_id) (rate(kepler_container_cpu_joules_total{${ZONES}}[${window}]))`
  const named = (from: string, pattern: string) =>
    `label_replace(${from}, "workload", "$1", "pod_name", "${pattern}")`
  return [
    {
      record: energy.pod,
      expr: `${containers} * on (pod_id) group_left (pod_name, pod_namespace) ${owners}`,
    },
    {
      record: energy.workload,
      // Pods of StatefulSets end in a number, those of Deployments in two hashes.
      expr: `sum by (pod_namespace, workload) (${named(named(energy.pod, '(.+)-[0-9]+'), '(.+)-[a-z0-9]+-[a-z0-9]{5}')})`,
    },
    ...pipelines.map(({ name, namespace }) => ({
      record: energy.pipeline,
      expr: `sum(${energy.pod}{pod_namespace="${namespace}"})`,
      labels: { pipeline: name },
    })),
    {
      record: energy.perThousand,
      expr: `1000 * ${energy.pipeline} / on (pipeline) (pipeline:freshet_events:rate > 0)`,
    },
    { record: energy.grams, expr: `${energy.pipeline} * ${GRID_GRAMS_PER_KWH} / ${JOULES_PER_KWH}` },
  ]
}
