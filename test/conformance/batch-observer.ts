// The next hop: the source that matches the sink under test, whose batches are stored at once.
import { eachRecord, outcomes, type Deliver, type Source } from '../../services/hop/batch.ts'
import { eventId } from '../../services/lib/views.ts'
import { until } from '../until.ts'
import { createRecord, type Observer } from './observer.ts'

/** `open` starts that source with what it hands batches to. */
export async function openBatchObserver(
  open: (deliver: Deliver) => Promise<Source> | Source,
): Promise<Observer> {
  const { seen, add } = createRecord()
  const deliver: Deliver = ({ runs }) => {
    for (const run of runs) eachRecord(run, (_event, seq) => add(eventId(run.origin, run.partition, seq)))
    return Promise.resolve(outcomes.stored())
  }
  const start = async () => {
    const source = await open(deliver)
    await until('the observer is ready', () => source.notReady() === undefined, 10_000)
    return source
  }
  let current: Source | undefined = await start()
  const stop = async () => {
    await current?.close()
    current = undefined
  }
  return {
    look: () => Promise.resolve(seen),
    leave: stop,
    async comeBack() {
      current = await start()
    },
    close: stop,
  }
}
