/** `npm run screenshots`: takes the pictures of README and docs from the demo, so that they are up to date. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

import { repositoryRoot } from './testing/command.ts'

const folder = join(repositoryRoot, 'docs', 'images')

/** Starts the demo. @returns the URL that it prints */
async function startDemo(): Promise<{ url: string; stop: () => Promise<void> }> {
  const demo = spawn(process.execPath, ['scripts/demo.ts'], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(demo, 'exit')
  const stop = async () => {
    demo.kill('SIGINT')
    await exited
  }
  for await (const line of createInterface({ input: demo.stdout })) {
    console.log(line)
    const url = /^Open (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    demo.stdout.resume()
    return { url, stop }
  }
  throw new Error('the demo ended before it was ready')
}

async function newPage(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const viewport = { width: 1280, height: 800 }
  const context = await browser.newContext({ viewport, locale: 'en-US', timezoneId: 'Europe/Berlin' })
  return { context, page: await context.newPage() }
}

async function signIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url)
  await page.getByRole('button', { name }).click()
  await page.waitForURL(url)
}

async function takePictures(url: string, browser: Browser): Promise<void> {
  const take = (page: Page, name: string, fullPage = false) =>
    page.screenshot({ path: join(folder, `${name}.png`), fullPage })
  const { page: login } = await newPage(browser)
  await login.goto(`${url}/`)
  await login.getByRole('button', { name: 'Jane Doe' }).waitFor()
  await take(login, 'sign-in')

  // Create content for the console: active people, and one who is refused.
  const { page: max } = await newPage(browser)
  await signIn(max, `${url}/create/service`, 'Max Muster')
  const { page: elsewhere } = await newPage(browser)
  await signIn(elsewhere, `${url}/catalog`, 'Jane Doe')
  await elsewhere.getByText('build-farm').first().waitFor()

  const { page: jane } = await newPage(browser)
  await signIn(jane, `${url}/.stagedoor/`, 'Jane Doe')
  await take(jane, 'account', true)
  await jane.goto(`${url}/.stagedoor/admin/`)
  await take(jane, 'console')
}

mkdirSync(folder, { recursive: true })
const demo = await startDemo()
try {
  const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    await takePictures(demo.url, browser)
  } finally {
    await browser.close()
  }
  console.log(`Pictures: ${folder}`)
} finally {
  await demo.stop()
}
