// What tells a hop where its spans go; services/hop/trace-options.ts reads it.
import * as kplus from 'cdk8s-plus-28'
import type { Environment } from './environment.ts'
import type { ContainerPlan } from './plan.ts'

/** The one variable that holds an address. */
export const endpointVariable = 'OTEL_EXPORTER_OTLP_ENDPOINT'

/** Only hops make spans. */
export function tracingVariables(
  { tracing }: Environment,
  { program }: ContainerPlan,
): Record<string, kplus.EnvValue> {
  if (!tracing || program !== 'hop') return {}
  const { namespace, service, port } = tracing.collector
  return {
    [endpointVariable]: kplus.EnvValue.fromValue(`http://${service}.${namespace}.svc:${port}`),
    OTEL_TRACES_SAMPLER_ARG: kplus.EnvValue.fromValue(String(tracing.ratio)),
  }
}
