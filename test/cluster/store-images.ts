// The image of the programs, and images of the stores from the local stack's own binaries, as archives.
import { mkdirSync, realpathSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { archiveImage } from '../../images/archive.ts'
import { findOnPath } from '../../local/cache.ts'
import { prepareKafka, readClassPath } from '../../local/kafka.ts'
import { prepareMongo } from '../../local/mongo.ts'
import { prepareRedis } from '../../local/redis.ts'
import { projectRoot } from '../../local/session.ts'
import { show, type CommandOptions } from './command.ts'
import { jarFolder, javaFolder, storeImages } from './overlay.ts'

const IMAGE_DEADLINE_MS = 120_000

/** Returns the archives' paths. `tool` is the path of image.py. */
export async function makeStoreImages(
  tool: string,
  { say, signal }: { say: (line: string) => void } & Required<Pick<CommandOptions, 'signal'>>,
): Promise<string[]> {
  const dir = join(projectRoot, '.local', 'cluster', 'images')
  mkdirSync(dir, { recursive: true })
  const make = async (image: string, content: string[], entry: string) => {
    const archive = join(dir, `${basename(image).replace(':', '-')}.tar`)
    const args = [tool, image, ...content, '-o', archive, '--entry', entry]
    const options = {
      signal,
      deadlineMs: IMAGE_DEADLINE_MS,
      log: (line: string) => say(`  ${basename(line)}`),
    }
    if ((await show('python3', args, options)) !== 0) throw new Error(`${image}: image.py failed`)
    return archive
  }
  const redis = await prepareRedis(say)
  const mongo = await prepareMongo(say)
  const jars = readClassPath(await prepareKafka(say)).split(delimiter)
  // bin/java is a chain of links; its folder's folder is the whole of Java.
  const java = dirname(dirname(realpathSync((await findOnPath('java'))!)))
  const program = (path: string) => ['--bin', `${realpathSync(path)}:/usr/bin/${basename(path)}`]
  const libraryOf = (path: string) => ['--bin', `${join(java, path)}:${join(javaFolder, path)}`]
  const kafka = [
    '--add',
    `${java}:${javaFolder}`,
    ...['bin/java', 'lib/server/libjvm.so'].flatMap(libraryOf),
    ...jars.flatMap((jar) => ['--add', `${jar}:${jarFolder}/${basename(jar)}`]),
  ]
  return [
    archiveImage(tool),
    await make(storeImages.redis, program(redis), 'redis-server'),
    await make(storeImages.mongodb, program(mongo.command), basename(mongo.command)),
    await make(storeImages.kafka, kafka, `${javaFolder}/bin/java`),
  ]
}
