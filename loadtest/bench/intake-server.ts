// The intake without anything behind it: the real source reads, checks and encodes, and each event is accepted
// at once. Arguments: port, event message.
import { createHopMetrics } from '../../services/hop/metrics.ts'
import type { Intake } from '../../services/hop/intake.ts'
import { createHttpSource } from '../../services/hop/sources/http.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { eventId } from '../../services/lib/views.ts'

const [port, event] = process.argv.slice(2)
const origin = 'bench'
const metrics = createHopMetrics('bench', 'intake')
let seq = 0
const intake: Intake = {
  origin,
  queuedBytes: () => 0,
  accept(_encoded, answer) {
    answer({ status: 202, id: eventId(origin, 0, ++seq) })
    return { cancel: () => undefined }
  },
  close: () => Promise.resolve(),
}
await createHttpSource(
  {
    url: `http://127.0.0.1:${port}`,
    scheme: 'http',
    hosts: [`127.0.0.1:${port}`],
    path: '',
    parameters: new Map(),
  },
  {
    eventType: loadEventType(event!),
    intake,
    admin: { notReady: () => undefined, metrics: metrics.registry },
    metrics,
  },
)
