// What stands beside an environment's own folder, because people apply it on its own: Argo CD's objects, experiments, load.
import { buildGitOps } from './gitops.ts'
import type { Environment } from './environment.ts'
import { operatorsOf } from './operators.ts'
import { ingressesOf, pipelinesOf, type Files } from './synth.ts'

/** By path below `dist/`: `<what>/<environment>/…`. `files` is what the environment itself has. */
export function buildBeside(environment: Environment, files: Files, repositoryUrl: string): Files {
  const of = pipelinesOf(environment)
  const operators = operatorsOf(environment, ingressesOf(of))
  const parts = { gitops: buildGitOps({ environment, files, operators, repositoryUrl }) }
  return new Map(
    Object.entries(parts).flatMap(([what, each]) =>
      [...each].map(([path, objects]) => [`${what}/${environment.name}/${path}`, objects] as const),
    ),
  )
}
