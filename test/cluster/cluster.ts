// Opens a cluster for a test: the one that KUBECONFIG names, else one of its own by the tools of ../shared/tools/cluster
// (or of CLUSTER_TOOLS), which run Kubernetes without containers.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findOnPath } from '../../local/cache.ts'
import { projectRoot } from '../../local/session.ts'
import { ConfigError } from '../../services/lib/errors.ts'
import { ask, show } from './command.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'

/** `api` has no node, so pods stay pending; on `node` they run. */
export type Mode = 'api' | 'node'

export type Cluster = {
  /** Nobody else uses it, and nothing of it is left when it is closed. */
  own: boolean
  kubectl: Kubectl
  /** For programs that use it: KUBECTL, and what the tools read. */
  env: Record<string, string>
  /** The path of one of the tools; throws when the cluster is not of their making. */
  tool: (name: string) => string
  close: () => Promise<void>
}

/** A cold build takes 20 minutes of two cores, and it is niced. */
const BUILD_DEADLINE_MS = 90 * 60_000
const UP_DEADLINE_MS = 6 * 60_000
const DOWN_DEADLINE_MS = 60_000

const needed = {
  api: 'bash go sha256sum flock unshare nsenter setsid openssl ip mount diff',
  node: 'bash go sha256sum flock unshare nsenter setsid openssl ip mount python3 apt-get dpkg-deb java',
}

type OpenOptions = { say: (line: string) => void; signal: AbortSignal }

/** Throws a ConfigError with all that is missing. */
export async function openCluster(mode: Mode, { say, signal }: OpenOptions): Promise<Cluster> {
  const { KUBECONFIG, CLUSTER_TOOLS } = process.env
  if (KUBECONFIG) return openGiven(mode, KUBECONFIG, say)
  const tools = resolve(projectRoot, CLUSTER_TOOLS ?? '../shared/tools/cluster')
  await requireTools(mode, tools)
  const env = {
    CLUSTER_RUN: join(projectRoot, '.local', 'cluster', mode),
    KUBECTL: join(tools, 'kubectl'),
  }
  const tool = (name: string) => join(tools, name)
  const run = async (name: string, args: string[], deadlineMs: number) => {
    const log = (line: string) => say(`  ${line}`)
    const code = await show(tool(name), args, { env, signal, deadlineMs, log })
    if (code !== 0) throw new Error(`${name} ${args.join(' ')} failed (exit code ${code})`)
  }
  // Not by `run`: an interrupted test, too, takes its cluster down.
  const close = async () => {
    await ask(tool('down.sh'), ['--wipe'], { env, deadlineMs: DOWN_DEADLINE_MS })
  }
  say('building what is not built yet …')
  await run('build.sh', [mode], BUILD_DEADLINE_MS)
  // One that was killed may have left its cluster.
  await close()
  say(`starting a cluster (${mode}) …`)
  try {
    await run('up.sh', [mode], UP_DEADLINE_MS)
  } catch (cause) {
    await close()
    throw cause
  }
  return { own: true, kubectl: createKubectl(env.KUBECTL, env), env, tool, close }
}

async function openGiven(mode: Mode, config: string, say: (line: string) => void): Promise<Cluster> {
  if (mode === 'node')
    throw new ConfigError([
      'test-node starts a node of its own, because it loads images and sends from within: unset KUBECONFIG',
    ])
  const program = await findOnPath('kubectl')
  if (!program) throw new ConfigError(['KUBECONFIG is set, but kubectl is not on PATH'])
  if (!(await findOnPath('diff'))) throw new ConfigError(['diff is not on PATH; kubectl diff calls it'])
  const kubectl = createKubectl(program)
  say(
    `using the cluster of KUBECONFIG=${config}: ${(await kubectl.run(['config', 'current-context'])).trim()}`,
  )
  const tool = (name: string): string => {
    throw new Error(`${name} knows only clusters that it started`)
  }
  return { own: false, kubectl, env: { KUBECTL: program }, tool, close: () => Promise.resolve() }
}

async function requireTools(mode: Mode, tools: string): Promise<void> {
  const instead = mode === 'api' ? '; KUBECONFIG= may name a cluster that runs instead' : ''
  const mistakes: string[] = []
  if (!existsSync(join(tools, 'up.sh')))
    mistakes.push(`no cluster tools at ${tools}; CLUSTER_TOOLS= names their folder${instead}`)
  if (process.getuid?.() !== 0)
    mistakes.push(`this needs root, because a cluster has its own namespaces of the kernel${instead}`)
  for (const program of needed[mode].split(' '))
    if (!(await findOnPath(program))) mistakes.push(`${program} is not on PATH`)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}
