// The same intake behind nginx, Envoy and Traefik, and without any.
import { reasonOf } from '../../services/lib/errors.ts'
import { holdContest, type Contestant } from './contest.ts'
import { controllerNames, startController } from './controllers.ts'
import type { Part } from './duel.ts'
import { startField } from './field.ts'
import { startRoute } from './routes.ts'

export const measureIngress: Part = async (duel, defer) => {
  const name = duel.uniqueName('ingress')
  const field = await startField(defer, duel, name)
  const intake = await startRoute(defer, duel, 'grpc', { name })
  const behind = [...field.behind, ...intake.processes.map(({ pid }) => pid)]
  const contestants = new Map<string, Contestant>([
    ['none', { url: intake.url, processes: [], title: 'no ingress' }],
  ])
  for (const controller of controllerNames) {
    try {
      const { process, port, version } = await startController(
        defer,
        controller,
        Number(new URL(intake.url).port),
      )
      const title = `${controller} ${version}`
      contestants.set(controller, { url: `http://127.0.0.1:${port}/input`, processes: [process], title })
    } catch (cause) {
      duel.fail({ title: controller, error: reasonOf(cause) })
    }
  }
  return holdContest(duel, {
    field: { ...field, behind },
    contestants,
    own: 'controller',
    remarks: [
      'clients → controller → http → gRPC → Kafka, all on the same cores; plain HTTP, connections kept',
    ],
  })
}
