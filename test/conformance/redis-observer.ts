// Reads what the live views say: the fences tell which numbers they hold, the total how often events were counted.
import type { EventType } from '../../services/lib/event-type.ts'
import { parseEventId, viewsOf } from '../../services/lib/views.ts'
import type { Observer } from './observer.ts'
import type { Stores } from './stores.ts'

export function openRedisObserver(
  redis: Stores['farRedis']['client'],
  eventType: EventType,
  pipeline: string,
): Observer {
  const keys = viewsOf(eventType.schema, pipeline)
  return {
    async look() {
      // In one step, because events are counted meanwhile.
      const answer = await redis.multi().get(keys.total).hGetAll(keys.fences).exec()
      const [total, fences] = answer as unknown as [string | null, Record<string, string>]
      const counted = Number(total ?? 0)
      const numbered = Object.values(fences).reduce((sum, fence) => sum + Number(fence), 0)
      return {
        has(id) {
          const { origin, partition, seq } = parseEventId(id)!
          return BigInt(fences[`${origin}-${partition}`] ?? 0) >= seq
        },
        distinct: Math.min(counted, numbered),
        repeated: Math.max(0, counted - numbered),
        missing: Math.max(0, numbered - counted),
        disorder: undefined,
      }
    },
    close: () => Promise.resolve(),
  }
}
