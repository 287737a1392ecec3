// Endpoint URLs: scheme://host:port[,host:port…]/path?parameters. The WHATWG parser refuses broker lists,
// so the authority is taken apart here.

export type Endpoint = {
  /** As given; free of credentials, so it may be logged. */
  url: string
  scheme: string
  /** `host:port`, at least one. */
  hosts: string[]
  /** What stands between the authority and `?`, without slashes at the ends. */
  path: string
  parameters: Map<string, string>
}

/** What a scheme accepts. `path` says what a path means there, or is absent if there is none. */
export type SchemeRules = {
  defaultPort?: number
  manyHosts?: boolean
  path?: { name: string; required: boolean }
  parameters: Record<string, { required?: boolean; pattern?: RegExp; rule?: string }>
}

const NAME = /^[A-Za-z0-9._-]+$/

/**
 * Takes `url` apart by the rules of its scheme. Mistakes are added to `mistakes`, all of them, each with
 * `flag` in front; the endpoint is only to be used when there are none.
 */
export function parseEndpoint(
  flag: string,
  url: string,
  schemes: Record<string, SchemeRules>,
  mistakes: string[],
): Endpoint {
  const report = (text: string) => mistakes.push(`${flag} ${url}: ${text}`)
  const unusable: Endpoint = { url, scheme: '', hosts: [], path: '', parameters: new Map() }
  // No part of a URL may hold an @, so what holds one has user info, wherever its password's own signs cut it.
  if (url.includes('@')) {
    const named = /^[a-z][a-z0-9-]*:\/\//i.exec(url)?.[0] ?? ''
    mistakes.push(`${flag} ${named}…: user info in a URL would show in the process list`)
    return { ...unusable, url: `${named}…` }
  }
  const match = /^([a-z][a-z0-9-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url)
  const known = Object.keys(schemes)
  if (!match) {
    report(`is not of the form scheme://host:port/path?parameters (schemes: ${known.join(', ')})`)
    return unusable
  }
  const [, scheme = '', authority = '', rawPath = '', query = ''] = match
  const rules = schemes[scheme]
  if (!rules) report(`unknown scheme "${scheme}" (here: ${known.join(', ')})`)

  const hosts = authority.split(',').map((host) => checkHost(host, rules?.defaultPort, report))
  if (hosts.length > 1 && rules && !rules.manyHosts) report(`takes one host, not ${hosts.length}`)

  const path = rawPath.replace(/\/+$/, '')
  if (rules) checkPath(path, rules, report)
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    const rule = rules?.parameters[name]
    if (rules && !rule) {
      const names = Object.keys(rules.parameters)
      report(`unknown parameter "${name}" (${names.length ? `here: ${names.join(', ')}` : 'it takes none'})`)
    } else if (parameters.has(name)) report(`parameter "${name}" is given twice`)
    else if (rule?.pattern && !rule.pattern.test(value)) report(`parameter "${name}" ${rule.rule}`)
    parameters.set(name, value)
  }
  for (const [name, rule] of Object.entries(rules?.parameters ?? {})) {
    if (rule.required && !parameters.has(name)) report(`parameter "${name}" is missing`)
  }
  return { url, scheme, hosts, path, parameters }
}

function checkHost(host: string, defaultPort: number | undefined, report: (text: string) => void): string {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d+))?$/.exec(host)
  if (!match) {
    report(host === '' ? 'the host is missing' : `"${host}" is not host:port`)
    return host
  }
  const port = match[2] === undefined ? defaultPort : Number(match[2])
  if (port === undefined) report(`"${host}" has no port`)
  else if (port > 65_535) report(`port ${port} is above 65535`)
  return `${match[1]}:${port}`
}

function checkPath(path: string, rules: SchemeRules, report: (text: string) => void): void {
  if (!rules.path) {
    if (path) report(`takes no path, and "/${path}" is one`)
  } else if (!path) {
    if (rules.path.required) report(`the ${rules.path.name} is missing: …/<${rules.path.name}>`)
  } else if (!NAME.test(path)) report(`the ${rules.path.name} "${path}" may hold letters, digits, . _ - only`)
}

/** The port of `host:port`. */
export function portOf(host: string): number {
  return Number(host.slice(host.lastIndexOf(':') + 1))
}

/** The name part of `host:port`, without the brackets of IPv6. */
export function hostOf(host: string): string {
  return host.slice(0, host.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}
