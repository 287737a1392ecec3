// A secret as Kubernetes mounts it: a folder with a file for each part. Nothing of it is ever in a URL or an argument.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './errors.ts'

/** `?secret=name` is the folder of that name in here; manifests mount it there. */
export const SECRETS_DIR = '/etc/freshet/secrets'

const parts = ['user', 'password', 'ca', 'cert', 'key'] as const
export type Secret = Partial<Record<(typeof parts)[number], string>>

/** What makes sense only together. */
const pairs = [
  ['user', 'password'],
  ['cert', 'key'],
] as const

/** Reads a secret once, at the start. Throws ConfigError with every mistake. */
export function readSecret(name: string, dir: string = SECRETS_DIR): Secret {
  const folder = join(dir, name)
  if (!existsSync(folder)) throw new ConfigError([`secret ${name}: ${folder} is missing; mount it there`])
  const secret: Secret = {}
  for (const part of parts) {
    const file = join(folder, part)
    // Whoever writes a password with an editor leaves a line end behind it.
    if (existsSync(file)) secret[part] = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  }
  const mistakes = pairs.flatMap(([one, other]) =>
    (secret[one] === undefined) === (secret[other] === undefined)
      ? []
      : [`secret ${name}: ${one} and ${other} belong together, and one of them is missing in ${folder}`],
  )
  if (Object.keys(secret).length === 0)
    mistakes.push(`secret ${name}: ${folder} has none of ${parts.join(', ')}`)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return secret
}

/** The name of a secret, in a URL. It is a folder's name, so it may lead nowhere else. */
export const secretParameter = {
  pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  rule: 'may hold small letters, digits and - within, 63 at most',
}
