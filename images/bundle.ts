// Joins each program with the libraries that it uses, in .local/build: what an image holds beside Node.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
export const buildDir = join(root, '.local', 'build')

/** Of Node 22, the third part of uWebSockets.js's file names. */
const NODE_ABI = '127'
const binaries = join(root, 'node_modules/uWebSockets.js/dist/bin')

/** Empties `dir` and writes the programs there. Returns what esbuild says of each file. */
export async function bundle(dir: string): Promise<Metafile> {
  await rm(dir, { recursive: true, force: true })
  await mkdir(join(dir, 'bin'), { recursive: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { hop: 'services/hop/main.ts', query: 'services/query/main.ts', run: 'loadtest/run.ts' },
    outdir: dir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    // Each dynamic import stays a file of its own, so that a hop loads only its endpoints' libraries.
    splitting: true,
    // CommonJS libraries require Node's own modules.
    banner: {
      js: `import { createRequire as createRequireOfNode } from 'node:module'; const require = createRequireOfNode(import.meta.url)`,
    },
    plugins: [filesBeside(dir)],
    metafile: true,
    logLevel: 'warning',
  })
  for (const platform of new Set(['linux_x64', 'linux_arm64', `${process.platform}_${process.arch}`])) {
    // uWebSockets.js asks for its binary by this name, beside the file that it is in.
    const file = `uws_${platform}_${NODE_ABI}.node`
    await copyFile(join(binaries, file), join(dir, 'bin', file))
  }
  await writeFile(join(dir, 'LICENSES.txt'), await licencesOf(metafile))
  return metafile
}

/** A file that a program reads beside its own source comes beside the bundle, which is one flat folder. */
function filesBeside(dir: string): Plugin {
  const sources = new Map<string, string>()
  return {
    name: 'files beside',
    setup({ onLoad }) {
      onLoad({ filter: /\/services\/.*\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        const files = [...text.matchAll(/new URL\('([^']+)', import\.meta\.url\)/g)].map((match) => match[1]!)
        for (const file of files) {
          const from = join(dirname(path), file)
          const other = sources.get(basename(file))
          if (other && other !== from) throw new Error(`${from} and ${other} have one name`)
          sources.set(basename(file), from)
          await copyFile(from, join(dir, basename(file)))
        }
        const contents = files.reduce(
          (changed, file) => changed.replace(`new URL('${file}'`, `new URL('${basename(file)}'`),
          text,
        )
        return { contents, loader: 'ts' }
      })
    },
  }
}

/** The licences of the libraries; all ask to go with every copy. */
async function licencesOf({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0])
  const ofPage = JSON.parse(await readFile(join(root, '.local/web/packages.json'), 'utf8')) as string[]
  const packages = [...new Set([...ofPage, ...folders.filter((folder) => folder !== undefined)])].toSorted()
  const texts = packages.map(async (folder) => {
    const at = join(root, folder)
    const files = (await readdir(at)).filter((file) => /^(licen[cs]e|notice)/i.test(file))
    const about = JSON.parse(await readFile(join(at, 'package.json'), 'utf8')) as Record<string, string>
    const parts = await Promise.all(files.map((file) => readFile(join(at, file), 'utf8')))
    return [`${about['name']} ${about['version']}: ${about['license']}`, ...parts].join('\n\n')
  })
  return `${(await Promise.all(texts)).join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(buildDir)
