// A real browser for tests: the Chromium that an npm package carries, driven by Playwright.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { chromium, type Browser } from 'playwright-core'
import { projectRoot } from '../local/session.ts'
import { defer } from './defer.ts'

/** Made for a cloud function: with the first it dies with its first page, with the others it proves less. */
const unwanted = ['--single-process', '--disable-web-security', '--allow-running-insecure-content']

/** Closes with the test. */
export async function startBrowser(t: TestContext): Promise<Browser> {
  // It is unpacked below the folder for temporary files, 200 MB, and used again.
  const folder = join(projectRoot, '.local', 'chromium')
  await mkdir(folder, { recursive: true })
  process.env['TMPDIR'] = folder
  // On such a system the package brings the libraries that a slim Linux lacks.
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x'
  const { default: packed } = await import('@sparticuz/chromium')
  const executablePath = await packed.executablePath()
  const browser = await chromium.launch({
    executablePath,
    args: packed.args.filter((arg) => !unwanted.includes(arg)),
    headless: true,
  })
  defer(t, () => browser.close())
  return browser
}
