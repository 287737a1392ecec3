// `make operators`: the Helm commands of an environment's operators, run or printed, for people without Argo CD.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environments, has, type Environment } from './environment.ts'
import { operatorsOf, type Operator } from './operators.ts'
import { ingressesOf, pipelinesOf } from './synth.ts'

/** Images are pulled meanwhile. */
const DEADLINE = '10m'

export type Command = [program: string, ...args: string[]]

/** What installs an environment's operators, or brings them to the versions that are wanted. */
export function commandsOf(environment: Environment): Command[] {
  return operatorsOf(environment, ingressesOf(pipelinesOf(environment))).flatMap((operator) => [
    ...(operator.meshed && has(environment, 'linkerd') ? meshNamespace(operator) : []),
    helm(operator),
  ])
}

function helm({ name, chart, repository, version, namespace, values = {} }: Operator): Command {
  const source = repository.startsWith('oci://') ? [`${repository}/${chart}`] : [chart, '--repo', repository]
  const place = `--version ${version} --namespace ${namespace} --create-namespace --wait --timeout ${DEADLINE}`
  const settings = Object.entries(values).flatMap(([key, value]) => [
    '--set-json',
    `${key}=${JSON.stringify(value)}`,
  ])
  return ['helm', 'upgrade', '--install', name, ...source, ...place.split(' '), ...settings]
}

/** Its pods get a proxy only when the namespace says so before they come. */
function meshNamespace({ namespace }: Operator): Command[] {
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, annotations: { 'linkerd.io/inject': 'enabled' } },
  }
  return [['sh', '-c', `echo '${JSON.stringify(object)}' | kubectl apply --server-side -f -`]]
}

/** As a shell reads it. */
export function showCommand(command: Command): string {
  return command
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}

/** The exit code: 0 done, 1 a command failed, 2 bad usage or something is missing. */
function main(): number {
  const options = {
    environment: { type: 'string', default: 'laptop' },
    print: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ options })
  const environment = environments.find(({ name }) => name === values.environment)
  if (!environment) {
    const known = environments.map(({ name }) => name).join(', ')
    process.stderr.write(`operators: no environment "${values.environment}" (known: ${known})\n`)
    return 2
  }
  const commands = commandsOf(environment)
  if (values.print) {
    process.stdout.write(`${commands.map(showCommand).join('\n')}\n`)
    return 0
  }
  for (const program of ['helm', 'kubectl'])
    if (spawnSync(program, ['version', '--client'], { stdio: 'ignore' }).error) {
      process.stderr.write(
        `operators: ${program} is not on PATH; install it, or see the commands with make operators PRINT=1\n`,
      )
      return 2
    }
  for (const command of commands) {
    process.stdout.write(`${showCommand(command)}\n`)
    const [program, ...args] = command
    const { status } = spawnSync(program, args, { stdio: 'inherit' })
    if (status !== 0) {
      process.stderr.write(
        `operators: ${command[0]} ended with ${status}; the operators after it are not installed\n`,
      )
      return 1
    }
  }
  return 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main()
