// A hop or the query service as a container.
import { Duration, Size } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { commands, image, userId } from '../pipelines/images.ts'
import type { ContainerPlan } from './plan.ts'

/** Requests are what a hop needs under a moderate load; the limits of memory follow from `nodeFlags` (`make bench`). */
const cpuMillis = { request: 50, limit: 1_000 }
export const memoryMiB = { request: 128, limit: 256 }

/** What PodSecurity `restricted` asks of a container, and a root file system that cannot be written. */
export const restricted: kplus.ContainerSecurityContextProps = {
  user: userId,
  group: userId,
  ensureNonRoot: true,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: [kplus.Capability.ALL] },
  seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
}

export function containerOf(
  plan: ContainerPlan,
  envVariables: Record<string, kplus.EnvValue>,
): kplus.ContainerProps {
  const probe = (path: string, periodSeconds: number, failureThreshold: number) =>
    kplus.Probe.fromHttpGet(path, {
      port: plan.adminPort,
      periodSeconds: Duration.seconds(periodSeconds),
      timeoutSeconds: Duration.seconds(2),
      failureThreshold,
    })
  return {
    name: plan.name,
    image,
    imagePullPolicy: kplus.ImagePullPolicy.IF_NOT_PRESENT,
    command: commands[plan.program],
    args: plan.args,
    envVariables,
    ports: plan.ports,
    // A sidecar's start lets the next container start, so it must not wait for a store.
    startup: probe('/healthz', 1, 30),
    liveness: probe('/healthz', 10, 3),
    readiness: probe('/readyz', 2, 2),
    resources: {
      cpu: { request: kplus.Cpu.millis(cpuMillis.request), limit: kplus.Cpu.millis(cpuMillis.limit) },
      memory: { request: Size.mebibytes(memoryMiB.request), limit: Size.mebibytes(memoryMiB.limit) },
    },
    securityContext: restricted,
    ...(plan.sidecar ? { restartPolicy: kplus.ContainerRestartPolicy.ALWAYS } : {}),
  }
}
