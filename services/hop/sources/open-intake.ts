// What the tests of the public intake share: the real source on a free port, over a log that the test plays.
import { findFreePort } from '../../../local/ports.ts'
import { loadEventType } from '../../lib/event-type.ts'
import { createIntake, type IntakeOptions } from '../intake.ts'
import { createHopMetrics } from '../metrics.ts'
import type { StartRequest } from '../tracing.ts'
import { createHttpSource } from './http.ts'

export const eventType = loadEventType('scenarios.WeatherTweet')
const metrics = createHopMetrics('weather', 'api')

/** Opens an intake, of weather tweets unless another event is given; the caller closes its `source`. */
export async function openIntake(
  options: Pick<IntakeOptions, 'persist'> & Partial<IntakeOptions>,
  of = eventType,
  // The clients of most tests keep connections that they have no more use for.
  { silentMs = 50, startRequest }: { silentMs?: number; startRequest?: StartRequest | undefined } = {},
) {
  const port = await findFreePort()
  const address = `127.0.0.1:${port}`
  const intake = createIntake({
    partitions: 4,
    lanes: 1,
    route: 'api',
    deadlineMs: 10_000,
    maxQueueBytes: 10_000_000,
    stored() {},
    ...options,
  })
  const endpoint = {
    url: `http://${address}`,
    scheme: 'http',
    hosts: [address],
    path: '',
    parameters: new Map<string, string>(),
  }
  const admin = { notReady: () => undefined, metrics: metrics.registry }
  const source = await createHttpSource(endpoint, {
    eventType: of,
    intake,
    admin,
    metrics,
    silentMs,
    startRequest,
  })
  return { port, address, intake, source }
}
