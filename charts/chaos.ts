// Experiments of a pipeline: each as a Schedule, and all of them one after the other in a Workflow that stops at the first
// whose hypothesis does not hold.
import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import {
  Schedule,
  ScheduleSpecConcurrencyPolicy,
  Workflow,
  WorkflowSpecTemplatesStatusCheckMode as Mode,
  WorkflowSpecTemplatesStatusCheckType as Type,
  type ScheduleSpec,
  type WorkflowSpecTemplates,
} from '../imports/chaos-mesh.org.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { experimentsOn, type ChaosTarget, type Experiment } from './experiments.ts'
import { checkUrl, hypothesisOf } from './hypotheses.ts'

const HYPOTHESIS = 'freshet.dev/hypothesis'
const PURPOSE = 'freshet.dev/purpose'
/** An experiment and its recovery, before the next one of the same night. */
const SLOT_MINUTES = 10
const FIRST_HOUR = 1
const CHECK = { intervalSeconds: 10, timeoutSeconds: 5, successThreshold: 3 }
/** How long the hypothesis may not hold after an experiment. */
const RECOVERY_SECONDS = 240

export class Chaos extends Chart {
  constructor(scope: Construct, id: string, pipeline: Pipeline, targets: ChaosTarget[]) {
    super(scope, id, { namespace: pipeline.namespace, disableResourceNameHashes: true })
    const all = targets.flatMap(experimentsOn).map((experiment) => ({
      ...experiment,
      hypothesis: hypothesisOf(pipeline, experiment.target),
    }))
    for (const [index, { hypothesis, ...experiment }] of all.entries())
      new Schedule(this, experiment.name, {
        metadata: {
          name: experiment.name,
          annotations: {
            [HYPOTHESIS]: hypothesis,
            [PURPOSE]: `${experiment.kind}, ${timeOf(index)} every night`,
          },
        },
        spec: {
          schedule: cronOf(index),
          type: experiment.kind,
          concurrencyPolicy: ScheduleSpecConcurrencyPolicy.FORBID,
          historyLimit: 2,
          startingDeadlineSeconds: 60,
          ...fieldOf(experiment),
        },
      })
    new Workflow(this, 'workflow', {
      metadata: {
        name: pipeline.name,
        annotations: { [PURPOSE]: 'all experiments in turn, each with its hypothesis; apply it under load' },
      },
      spec: { entry: 'all', templates: templatesOf(all) },
    })
  }
}

function templatesOf(all: (Experiment & { hypothesis: string })[]): WorkflowSpecTemplates[] {
  const steady = [...new Set(all.map(({ hypothesis }) => hypothesis))].map((hypothesis, index) =>
    check(`steady-${index + 1}`, hypothesis),
  )
  const steps = all.flatMap(({ hypothesis, ...experiment }): WorkflowSpecTemplates[] => [
    {
      name: experiment.name,
      templateType: experiment.kind,
      deadline: `${experiment.durationSeconds}s`,
      ...fieldOf(experiment),
    },
    check(`${experiment.name}-holds`, hypothesis),
  ])
  const parts = [...steady, ...steps]
  const minutes = Math.ceil((parts.length * (RECOVERY_SECONDS + 60)) / 60)
  const entry = {
    name: 'all',
    templateType: 'Serial',
    deadline: `${minutes}m`,
    children: parts.map(({ name }) => name),
  }
  return [entry, ...parts]
}

function check(name: string, hypothesis: string): WorkflowSpecTemplates {
  return {
    name,
    templateType: 'StatusCheck',
    deadline: `${RECOVERY_SECONDS + 30}s`,
    abortWithStatusCheck: true,
    statusCheck: {
      mode: Mode.SYNCHRONOUS,
      type: Type.HTTP,
      ...CHECK,
      failureThreshold: RECOVERY_SECONDS / CHECK.intervalSeconds,
      http: { url: checkUrl(hypothesis), criteria: { statusCode: '200' } },
    },
  }
}

/** `podChaos`: … */
function fieldOf({ kind, spec }: Pick<Experiment, 'kind' | 'spec'>): Partial<ScheduleSpec> {
  return { [kind[0]!.toLowerCase() + kind.slice(1)]: spec }
}

const minutesOf = (index: number) => FIRST_HOUR * 60 + index * SLOT_MINUTES

function cronOf(index: number): string {
  const minutes = minutesOf(index)
  return `${minutes % 60} ${Math.floor(minutes / 60) % 24} * * *`
}

function timeOf(index: number): string {
  const minutes = minutesOf(index)
  return `${String(Math.floor(minutes / 60) % 24).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
