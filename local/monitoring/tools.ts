// Prometheus, promtool, the exporter of Redis and the metrics of Kafka's brokers: what is on PATH, else fetched once, without root.
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findOnPath, getCached, runMaven, runTool, type Progress } from '../cache.ts'

const pomDir = fileURLToPath(new URL('kafka-metrics', import.meta.url))

export type PrometheusTools = { prometheus: string; promtool: string }

export async function preparePrometheus(progress?: Progress): Promise<PrometheusTools> {
  const [prometheus, promtool] = await preparePackage('prometheus', ['prometheus', 'promtool'], progress)
  return { prometheus: prometheus!, promtool: promtool! }
}

/** Programs from PATH, else from Debian's package, unpacked and not installed. Throws with install lines otherwise. */
async function preparePackage(name: string, programs: string[], progress?: Progress): Promise<string[]> {
  const onPath = await Promise.all([...programs, 'apt-get', 'dpkg-deb'].map(findOnPath))
  const installed = onPath.slice(0, programs.length).flatMap((path) => path ?? [])
  if (installed.length === programs.length) return installed
  const missing = `${programs.join(' and ')}: not on PATH`
  const install = `  Debian, Ubuntu: sudo apt-get install -y ${name}\n  others: put them on PATH; Homebrew has prometheus`
  if (onPath.slice(programs.length).includes(undefined)) throw new Error(`${missing}\n${install}`)
  const paths = (dir: string) => programs.map((program) => join(dir, 'root', 'usr', 'bin', program))
  try {
    const dir = await getCached({
      name: `${name}-package`,
      title: name,
      doing: "fetching Debian's package",
      progress,
      inputs: [process.arch],
      isWhole: (folder) => paths(folder).every((path) => existsSync(path)),
      build: async (folder) => {
        await runTool({ command: 'apt-get', args: ['download', name], cwd: folder })
        const file = readdirSync(folder).find((each) => each.endsWith('.deb'))
        if (file === undefined) throw new Error('apt-get download gave no file')
        await mkdir(join(folder, 'root'))
        await runTool({ command: 'dpkg-deb', args: ['-x', file, 'root'], cwd: folder })
      },
    })
    return paths(dir)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new Error(`${missing}, and Debian's package cannot be fetched: ${reason}\n${install}`, { cause })
  }
}

/** The exporter of Redis, likewise; the manifests have the same version. */
export function prepareRedisExporter(progress?: Progress): Promise<string> {
  return preparePackage('prometheus-redis-exporter', ['prometheus-redis-exporter'], progress).then(
    ([path]) => path!,
  )
}

/** The class path of what Strimzi puts beside its brokers. */
export async function prepareKafkaMetrics(progress?: Progress): Promise<string> {
  const classPathFile = (dir: string) => join(dir, 'classpath')
  const dir = await getCached({
    name: 'kafka-metrics',
    title: "Kafka's metrics reporter",
    doing: 'fetching with Maven',
    progress,
    inputs: [await readFile(join(pomDir, 'pom.xml'))],
    build: (folder) => runMaven(pomDir, { classPathFile: classPathFile(folder) }),
  })
  return (await readFile(classPathFile(dir), 'utf8')).trim()
}
