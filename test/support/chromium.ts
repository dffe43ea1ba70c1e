import { existsSync } from 'node:fs'

import { type BrowserContext, chromium } from 'playwright-core'
import type { Test } from 'tap'

import { patienceMs } from './until.ts'

const candidates = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** A real Chromium with an empty profile that connects only to this machine. */
export async function openChromium(t: Test): Promise<BrowserContext> {
  const executablePath = candidates.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined)
    throw new Error('Chromium is missing: apt-get install chromium, or set CHROMIUM_PATH')
  const browser = await chromium.launch({
    executablePath,
    timeout: patienceMs,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  t.teardown(() => browser.close())
  // A time zone far from UTC, so that local times differ from UTC on every machine.
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'Asia/Tokyo' })
  context.setDefaultTimeout(patienceMs)
  return context
}
