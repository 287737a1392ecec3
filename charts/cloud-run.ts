// The page and its read API on Cloud Run, beside the clusters: a Knative Service for each pipeline.
import { ApiObject, App, Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import { commands, image } from '../pipelines/images.ts'
import { queryArguments, type Pipeline } from '../pipelines/pipeline.ts'
import type { Manifest } from './manifest.ts'
import type { Files } from './synth.ts'

/** Cloud Run replaces no variables in arguments, so addresses stand here: private ones, which are no secrets. */
export type Place = {
  name: 'preview' | 'production'
  /** Under which the page and the API of a pipeline are reached; a domain mapping leads there. */
  addressOf: (pipeline: string) => string
  /** The origin of pages elsewhere that may read from the API. The page that is here has the API's own. */
  allowOrigin: string
  redis: (pipeline: string) => string
  mongodb: (pipeline: string) => string
  /** The way into the network of the databases. */
  connector: string
  instances: { least: number; most: number }
}

export const places: Place[] = [
  {
    name: 'preview',
    addressOf: (pipeline) => `${pipeline}.preview.example.com`,
    allowOrigin: 'https://pages.preview.example.com',
    redis: () => '10.1.0.5:6379',
    mongodb: () => '10.1.0.6:27017',
    connector: 'databases-preview',
    instances: { least: 0, most: 2 },
  },
  {
    name: 'production',
    addressOf: (pipeline) => `${pipeline}.example.com`,
    allowOrigin: 'https://pages.example.com',
    redis: () => '10.0.0.5:6379',
    mongodb: () => '10.0.0.6:27017',
    connector: 'databases',
    // Who follows the live views does not wait for a cold start.
    instances: { least: 1, most: 10 },
  },
]

/** What is used of `serving.knative.dev/v1`, whose definitions are in no release file that `make imports` could read. */
type KnativeService = {
  metadata: { name: string; annotations: Record<string, string> }
  spec: {
    template: {
      metadata: { annotations: Record<string, string> }
      spec: {
        containerConcurrency: number
        timeoutSeconds: number
        containers: {
          image: string
          command: string[]
          args: string[]
          ports: { name: 'http1' | 'h2c'; containerPort: number }[]
          resources: { limits: { cpu: string; memory: string } }
          startupProbe: Probe
          livenessProbe: Probe
        }[]
      }
    }
  }
}

type Probe = { httpGet: { path: string; port: number }; periodSeconds: number; failureThreshold: number }

class Page extends Chart {
  constructor(scope: Construct, id: string, pipeline: Pipeline, place: Place) {
    super(scope, id, { disableResourceNameHashes: true })
    const { name, query } = pipeline
    const probe = (failureThreshold: number): Probe => ({
      httpGet: { path: '/healthz', port: query.port },
      periodSeconds: 5,
      failureThreshold,
    })
    const service: KnativeService = {
      metadata: {
        name: `${name}-query`,
        annotations: {
          'freshet.dev/purpose': `https://${place.addressOf(name)}/: the page and the read API`,
          'run.googleapis.com/ingress': 'all',
        },
      },
      spec: {
        template: {
          metadata: {
            annotations: {
              'autoscaling.knative.dev/minScale': String(place.instances.least),
              'autoscaling.knative.dev/maxScale': String(place.instances.most),
              'run.googleapis.com/vpc-access-connector': place.connector,
              'run.googleapis.com/vpc-access-egress': 'private-ranges-only',
              // Live views go out between requests.
              'run.googleapis.com/cpu-throttling': 'false',
            },
          },
          spec: {
            // A WebSocket is a request that lasts; the page comes back when it ends.
            containerConcurrency: 500,
            timeoutSeconds: 3_600,
            containers: [
              {
                image,
                command: commands.query,
                args: argumentsOf(pipeline, place),
                ports: [{ name: 'http1', containerPort: query.port }],
                resources: { limits: { cpu: '1', memory: '512Mi' } },
                startupProbe: probe(12),
                livenessProbe: probe(3),
              },
            ],
          },
        },
      },
    }
    // apiVersion: Knative's kinds are in none of the imported definitions.
    new ApiObject(this, 'service', { apiVersion: 'serving.knative.dev/v1', kind: 'Service', ...service })
  }
}

/** The broker is in the cluster, so the log is read from MongoDB alone. */
function argumentsOf(pipeline: Pipeline, place: Place): string[] {
  const { name, query } = pipeline
  const readable: Pipeline = pipeline.topic
    ? { ...pipeline, topic: undefined, partitions: pipeline.topic.partitions }
    : pipeline
  const nowhere = (hop: string): never => {
    throw new Error(`${name}: the query service reaches no hop, but ${hop}`)
  }
  const stores = { redis: place.redis(name), mongodb: place.mongodb(name) }
  const addresses = {
    listen: nowhere,
    reach: nowhere,
    admin: nowhere,
    reachAdmin: nowhere,
    store: (store: string) => stores[store as keyof typeof stores],
  }
  return [
    ...queryArguments(readable, `0.0.0.0:${query.port}`, addresses, []),
    '--allow-origin',
    place.allowOrigin,
  ]
}

/** By path below `dist/`: `cloud-run/<place>/<pipeline>.yaml`. */
export function buildCloudRun(of: Pipeline[]): Files {
  const app = new App()
  return new Map(
    places.flatMap((place) =>
      of.map((pipeline) => {
        const chart = new Page(app, `${place.name}-${pipeline.name}`, pipeline, place)
        return [`cloud-run/${place.name}/${pipeline.name}.yaml`, chart.toJson() as Manifest[]] as const
      }),
    ),
  )
}
