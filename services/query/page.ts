// The web page: one file, with a policy that lets the browser run exactly what is in it.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Reply } from './answer.ts'

/** Reads the page and returns the reply that serves it. */
export function loadPage(): Reply {
  const body = readFileSync(new URL('page.html', import.meta.url), 'utf8')
  const policy = [
    `default-src 'none'`,
    `script-src ${hashOf(body, 'script')}`,
    `style-src ${hashOf(body, 'style')}`,
    `img-src data:`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ]
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
  }
  return { status: 200, headers, body }
}

/** The CSP source of the page's one element `tag`. */
function hashOf(html: string, tag: string): string {
  const [, content] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(html) ?? []
  if (content === undefined) throw new Error(`page.html has no <${tag}>`)
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
}
