// Routes as the source systems have them: each event is a call of its own. Small programs of the duel's own, because
// no hop works like that.
import { findFreePort } from '../../local/ports.ts'
import { startProgram } from '../bench/programs.ts'
import type { Defer } from '../bench/releases.ts'
import type { Duel } from './duel.ts'
import type { Place, RunningRoute } from './routes.ts'

export type OneByOne = {
  /** A unary gRPC call, or a POST over HTTP/1.1. */
  link: 'grpc' | 'hop-http'
  /** What the publisher does with events: what waits is one append; each is one; each has a producer of its own. */
  append: 'group' | 'each' | 'producer-each'
  encode?: 'wasm'
}

export async function startOneByOne(
  defer: Defer,
  duel: Duel,
  way: OneByOne,
  place: Place,
): Promise<RunningRoute> {
  const { link, append, encode = 'js' } = way
  const { via = (address) => Promise.resolve(address) } = place
  const {
    event,
    topic: { partitions },
  } = duel.pipeline
  const [port, admin, intakePort] = await Promise.all([findFreePort(), findFreePort(), findFreePort()])
  const start = (program: string, name: string, args: (string | number)[], ready: number) =>
    startProgram(
      defer,
      name,
      `loadtest/duel/${program}.ts`,
      args.map(String),
      `http://127.0.0.1:${ready}/readyz`,
    )
  const topic = [duel.stack.kafkaBrokers, place.name]
  const publisher = await start(
    'one-by-one-publisher',
    'publisher',
    [link, port, admin, event, ...topic, append],
    admin,
  )
  const reached = await via(`127.0.0.1:${port}`)
  const intake = await start(
    'one-by-one-intake',
    'intake',
    [intakePort, event, partitions, link, reached, encode],
    intakePort,
  )
  return { url: `http://127.0.0.1:${intakePort}/input`, processes: [intake, publisher] }
}
