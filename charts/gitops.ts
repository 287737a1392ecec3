// Argo CD: one Application for each operator and for each folder of an environment, in an order in which every one finds what
// it needs, and projects that permit what is in them. `bootstrap.yaml` is applied by a person, once; it brings the rest.
import { App, Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { KubeNamespace } from 'cdk8s-plus-28/lib/imports/k8s.js'
import type { Construct } from 'constructs'
import { Application, AppProject, type ApplicationSpec, type AppProjectSpec } from '../imports/argoproj.io.ts'
import { has, type Environment } from './environment.ts'
import type { Manifest } from './manifest.ts'
import { monitoringNamespace } from './monitoring/names.ts'
import type { Operator } from './operators.ts'
import type { Files } from './synth.ts'

export const argoNamespace = 'argocd'
/** The cluster in which Argo CD itself runs. */
const SERVER = 'https://kubernetes.default.svc'
const WAVE = 'argocd.argoproj.io/sync-wave'

const projects = { root: 'freshet-root', operators: 'freshet-operators', pipelines: 'freshet' }

/** After the highest wave of the operators: what the pipelines share, then what watches them, then they. */
const folderWaves = { base: 10, monitoring: 11, pipeline: 12 }

const automated: ApplicationSpec['syncPolicy'] = {
  automated: { prune: true, selfHeal: true },
  retry: { limit: 10, backoff: { duration: '15s', factor: 2, maxDuration: '5m' } },
}

export type GitOpsProps = {
  environment: Environment
  files: Files
  operators: Operator[]
  repositoryUrl: string
}

/** By path below `dist/gitops/<environment>/`. */
export function buildGitOps(props: GitOpsProps): Files {
  const app = new App()
  const charts = {
    bootstrap: new Bootstrap(app, 'bootstrap', props),
    projects: new Projects(app, 'projects', props),
    operators: new Operators(app, 'operators', props),
    folders: new Folders(app, 'folders', props),
  }
  return new Map(
    Object.entries(charts).map(([name, chart]) => [`${name}.yaml`, chart.toJson() as Manifest[]]),
  )
}

/** Argo CD heeds the waves of Applications only when it knows how healthy an Application is, which it does not by default. */
const APPLICATION_HEALTH = `local health = { status = "Progressing", message = "" }
if obj.status ~= nil and obj.status.health ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
return health
`

class Bootstrap extends Chart {
  constructor(scope: Construct, id: string, { environment, repositoryUrl }: GitOpsProps) {
    super(scope, id, { disableResourceNameHashes: true })
    // metadata.name: the construct of cdk8s-plus adds a label of its own hash.
    new KubeNamespace(this, 'namespace', { metadata: { name: argoNamespace } })
    new kplus.ConfigMap(this, 'settings', {
      metadata: {
        name: 'argocd-cm',
        namespace: argoNamespace,
        labels: { 'app.kubernetes.io/name': 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd' },
      },
      data: { 'resource.customizations.health.argoproj.io_Application': APPLICATION_HEALTH },
    })
    addProject(this, projects.root, {
      description: 'Applications and their projects, and nothing else',
      sourceRepos: [repositoryUrl],
      destinations: [{ server: SERVER, namespace: argoNamespace }],
      clusterResourceWhitelist: [],
      namespaceResourceWhitelist: ['Application', 'AppProject'].map((kind) => ({
        group: 'argoproj.io',
        kind,
      })),
    })
    addApplication(this, `freshet-${environment.name}`, 0, {
      project: projects.root,
      source: {
        repoUrl: repositoryUrl,
        targetRevision: 'HEAD',
        path: `dist/gitops/${environment.name}`,
        directory: { exclude: 'bootstrap.yaml' },
      },
      destination: { server: SERVER, namespace: argoNamespace },
      syncPolicy: automated,
    })
  }
}

class Projects extends Chart {
  constructor(scope: Construct, id: string, { files, operators, repositoryUrl }: GitOpsProps) {
    super(scope, id, { disableResourceNameHashes: true })
    const objects = [...files.values()].flat()
    const namespaces = (names: (string | undefined)[]) =>
      [...new Set(names)]
        .filter((name) => name !== undefined)
        .toSorted()
        .map((namespace) => ({ server: SERVER, namespace }))
    addProject(this, projects.pipelines, {
      description: 'What dist/ has, kind by kind',
      sourceRepos: [repositoryUrl],
      destinations: namespaces(objects.map(namespaceOf)),
      clusterResourceWhitelist: kindsOf(objects.filter(({ metadata }) => !metadata.namespace)),
      namespaceResourceWhitelist: kindsOf(objects.filter(({ metadata }) => metadata.namespace)),
    })
    addProject(this, projects.operators, {
      description: 'Helm charts of operators, which bring kinds, webhooks and roles of their own',
      sourceRepos: [...new Set(operators.map(({ repository }) => repositoryOf(repository)))].toSorted(),
      // Some of them read what is in kube-system, or let themselves be asked through it.
      destinations: namespaces([...operators.map(({ namespace }) => namespace), 'kube-system']),
      clusterResourceWhitelist: [
        ['', 'Namespace'],
        ['apiextensions.k8s.io', 'CustomResourceDefinition'],
        ['rbac.authorization.k8s.io', 'ClusterRole'],
        ['rbac.authorization.k8s.io', 'ClusterRoleBinding'],
        ['admissionregistration.k8s.io', 'MutatingWebhookConfiguration'],
        ['admissionregistration.k8s.io', 'ValidatingWebhookConfiguration'],
        ['admissionregistration.k8s.io', 'ValidatingAdmissionPolicy'],
        ['admissionregistration.k8s.io', 'ValidatingAdmissionPolicyBinding'],
        ['apiregistration.k8s.io', 'APIService'],
        ['networking.k8s.io', 'IngressClass'],
        ['gateway.networking.k8s.io', 'GatewayClass'],
      ].map(([group, kind]) => ({ group: group!, kind: kind! })),
    })
  }
}

class Operators extends Chart {
  constructor(scope: Construct, id: string, { environment, operators }: GitOpsProps) {
    super(scope, id, { disableResourceNameHashes: true })
    for (const operator of operators) {
      const { name, chart, repository, version, namespace, wave, values, makesCertificates, meshed } =
        operator
      const injected = meshed && has(environment, 'linkerd')
      addApplication(this, name, wave, {
        project: projects.operators,
        source: {
          repoUrl: repositoryOf(repository),
          chart,
          targetRevision: version,
          helm: { releaseName: name, ...(values ? { valuesObject: values } : {}) },
        },
        destination: { server: SERVER, namespace },
        syncPolicy: {
          ...automated,
          // Its kinds are too large for the annotation that a client's apply keeps.
          syncOptions: ['CreateNamespace=true', 'ServerSideApply=true', 'RespectIgnoreDifferences=true'],
          ...(injected
            ? { managedNamespaceMetadata: { annotations: { 'linkerd.io/inject': 'enabled' } } }
            : {}),
        },
        ...(makesCertificates ? { ignoreDifferences: generated } : {}),
      })
    }
  }
}

/** What charts make anew at every rendering. */
const generated: ApplicationSpec['ignoreDifferences'] = [
  { kind: 'Secret', jsonPointers: ['/data'] },
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map((kind) => ({
    group: 'admissionregistration.k8s.io',
    kind,
    jqPathExpressions: ['.webhooks[].clientConfig.caBundle'],
  })),
  { group: 'apiregistration.k8s.io', kind: 'APIService', jsonPointers: ['/spec/caBundle'] },
  {
    group: 'apps',
    kind: 'Deployment',
    jqPathExpressions: ['.spec.template.metadata.annotations["checksum/config"]'],
  },
]

class Folders extends Chart {
  constructor(scope: Construct, id: string, { environment, files, repositoryUrl }: GitOpsProps) {
    super(scope, id, { disableResourceNameHashes: true })
    for (const folder of new Set([...files.keys()].map((path) => path.split('/')[0]!))) {
      const objects = [...files].flatMap(([path, each]) => (path.startsWith(`${folder}/`) ? each : []))
      const namespace = objects.map(namespaceOf).find((name) => name !== undefined)
      const wave =
        folder === '00-base'
          ? folderWaves.base
          : folder === monitoringNamespace
            ? folderWaves.monitoring
            : folderWaves.pipeline
      addApplication(this, folder.replace(/^\d+-/, ''), wave, {
        project: projects.pipelines,
        source: {
          repoUrl: repositoryUrl,
          targetRevision: 'HEAD',
          path: `dist/${environment.name}/${folder}`,
        },
        destination: { server: SERVER, ...(namespace ? { namespace } : {}) },
        syncPolicy: { ...automated, syncOptions: ['ServerSideApply=true'] },
      })
    }
  }
}

function addProject(chart: Chart, name: string, spec: AppProjectSpec): void {
  new AppProject(chart, name, {
    metadata: { name, namespace: argoNamespace, annotations: { [WAVE]: '-1' } },
    spec,
  })
}

function addApplication(chart: Chart, name: string, wave: number, spec: ApplicationSpec): void {
  const annotations = { [WAVE]: String(wave) }
  new Application(chart, name, { metadata: { name, namespace: argoNamespace, annotations }, spec })
}

/** Argo CD takes a Helm repository without a scheme for an OCI registry. */
function repositoryOf(url: string): string {
  return url.replace(/^oci:\/\//, '')
}

function namespaceOf({ kind, metadata }: Manifest): string | undefined {
  return kind === 'Namespace' ? metadata.name : metadata.namespace
}

function kindsOf(objects: Manifest[]): { group: string; kind: string }[] {
  const kinds = objects.map(({ apiVersion, kind }) => {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : ''
    return `${group}/${kind}`
  })
  return [...new Set(kinds)].toSorted().map((key) => {
    const [group = '', kind = ''] = key.split('/')
    return { group, kind }
  })
}
