// The latest reports of the duel and of the load test, if there are any.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { json, jsonText, type Reply } from './answer.ts'

const MAX_REPORT_BYTES = 8_000_000

/** Returns a function that answers with the report `name` of the first folder that has it, or with null. */
export function createReports(folders: string[]): (name: string) => Promise<Reply> {
  return async (name) => {
    for (const folder of folders) {
      const file = join(folder, `${name}.json`)
      const found = await stat(file).catch(() => undefined)
      if (found?.isFile() && found.size <= MAX_REPORT_BYTES) return jsonText(200, await readFile(file))
    }
    return json(200, null)
  }
}
