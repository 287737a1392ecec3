// What stands beside an environment's own folder, because people apply it on its own: Argo CD's objects, experiments, load.
import { App, type Chart } from 'cdk8s'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { Chaos } from './chaos.ts'
import { has, type Environment } from './environment.ts'
import { targetsOf } from './experiments.ts'
import { buildGitOps } from './gitops.ts'
import { LoadTest } from './load-test.ts'
import type { Manifest } from './manifest.ts'
import { databasesOf, edgesOf } from './network.ts'
import { operatorsOf } from './operators.ts'
import { planPods } from './plan.ts'
import { ingressesOf, pipelinesOf, type Files } from './synth.ts'

/** By path below `dist/`: `<what>/<environment>/…`. `files` is what the environment itself has. */
export function buildBeside(environment: Environment, files: Files, repositoryUrl: string): Files {
  const of = pipelinesOf(environment)
  const operators = operatorsOf(environment, ingressesOf(of))
  const parts = {
    gitops: buildGitOps({ environment, files, operators, repositoryUrl }),
    chaos: buildChaos(environment, of),
    loadtest: buildLoadTests(environment, of),
  }
  return new Map(
    Object.entries(parts).flatMap(([what, each]) =>
      [...each].map(([path, objects]) => [`${what}/${environment.name}/${path}`, objects] as const),
    ),
  )
}

/** A file for each pipeline. */
function chartEach(of: Pipeline[], make: (app: App, pipeline: Pipeline) => Chart): Files {
  const app = new App()
  return new Map(of.map((pipeline) => [`${pipeline.name}.yaml`, make(app, pipeline).toJson() as Manifest[]]))
}

function buildChaos(environment: Environment, of: Pipeline[]): Files {
  return chartEach(of, (app, pipeline) => {
    const pods = planPods(pipeline, environment)
    const edges = edgesOf(pods, environment)
    const stores = environment.stores.inside ? databasesOf(edges) : []
    return new Chaos(app, pipeline.name, pipeline, targetsOf(pipeline, pods, edges, stores))
  })
}

/** Where a pipeline's intakes are. */
function buildLoadTests(environment: Environment, of: Pipeline[]): Files {
  const here = environment.cluster?.part === 'second' ? [] : of
  return chartEach(here, (app, pipeline) => {
    const pods = planPods(pipeline, environment)
    return new LoadTest(app, pipeline.name, { pipeline, pods, meshed: has(environment, 'linkerd') })
  })
}
