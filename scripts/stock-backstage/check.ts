import { equal, match, ok } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { chromium, type Page } from 'playwright-core'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'

const timeout = 60_000
const programs = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

export type Stack = {
  gatewayUrl: string
  backstageUrl: string
  /** Backstage's new frontend system has pages in the settings from 1.48 on; the old one always had. */
  hasSettingsPages: boolean
  /** Where to put pictures of what the browser saw. */
  screenshots: string
}

/** A browser logs in through the gateway; roles own entities; a forged header does not sign in. */
export async function checkInBrowser(stack: Stack): Promise<void> {
  const { gatewayUrl, backstageUrl, hasSettingsPages, screenshots } = stack
  const executablePath = programs.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined) throw new Error('Chromium is missing; set CHROMIUM_PATH')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  const page = await browser.newPage()
  page.on('pageerror', (error) => console.log(`✘ on the page: ${error.message}`))
  try {
    await page.goto(gatewayUrl)
    await page.getByRole('button', { name: 'Jane Doe' }).click({ timeout })
    await page.waitForURL(`${gatewayUrl}/**`, { timeout })
    await page.goto(`${gatewayUrl}/catalog/default/component/example-website`)
    await page.getByText('example-website').first().waitFor({ timeout })
    await page.getByText('View Source').or(page.getByText('View source')).first().waitFor({ timeout })
    await page.screenshot({ path: join(screenshots, 'catalog.png') })
    console.log('✔ Jane logs in and sees the catalog')
    if (hasSettingsPages) await checkSettings(page, stack)
    else console.log('✘ no page in the settings: this version has no pages to add there')
    await checkOwnership(page)
    await checkModules(page)
    await checkForgedHeaders(page, backstageUrl)
  } catch (error) {
    await page.screenshot({ path: join(screenshots, 'failed.png') })
    throw error
  } finally {
    await browser.close()
  }
}

async function checkSettings(page: Page, { gatewayUrl, screenshots }: Stack): Promise<void> {
  await page.goto(`${gatewayUrl}/settings/session`)
  await page.getByText('platform-admin').first().waitFor({ timeout })
  await page.screenshot({ path: join(screenshots, 'settings.png') })
  console.log('✔ the settings have the session, with her roles')
}

async function checkOwnership(page: Page): Promise<void> {
  const answer: { claims: { ent: string[] } } = JSON.parse(await getAsUser(page, '/api/auth/v1/userinfo'))
  const owned = answer.claims.ent
  ok(owned.includes('group:default/platform-admin'), `owned: ${owned.join(' ')}`)
  console.log('✔ her role owns: group:default/platform-admin')
}

async function checkModules(page: Page): Promise<void> {
  match(await getAsUser(page, '/api/catalog/.well-known/backstage/permissions/metadata'), /"HAS_AUTH0_ROLE"/)
  match(await getAsUser(page, '/api/scaffolder/v2/actions'), /"auth0:identity"/)
  console.log('✔ the catalog has the rule HAS_AUTH0_ROLE, the scaffolder the action auth0:identity')
}

/** What Backstage answers to the person who is signed in. */
async function getAsUser(page: Page, path: string): Promise<string> {
  return page.evaluate(async (asked) => {
    const signedIn = await fetch('/api/auth/stagedoor/refresh')
    const { backstageIdentity }: { backstageIdentity: { token: string } } = JSON.parse(await signedIn.text())
    const answer = await fetch(asked, { headers: { authorization: `Bearer ${backstageIdentity.token}` } })
    return answer.text()
  }, path)
}

async function checkForgedHeaders(page: Page, backstageUrl: string): Promise<void> {
  const forged = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.'
  const refresh = '/api/auth/stagedoor/refresh'
  const direct = await fetch(`${backstageUrl}${refresh}`, { headers: { [assertionHeader]: forged } })
  equal(direct.status, 401)
  console.log('✔ Backstage refuses a forged header')
  const user = await page.evaluate(
    async ([path, name, value]) => {
      const answer = await fetch(path, { headers: { [name]: value } })
      const body: { backstageIdentity: { identity: { userEntityRef: string } } } = JSON.parse(await answer.text())
      return body.backstageIdentity.identity.userEntityRef
    },
    [refresh, assertionHeader, forged] as const,
  )
  match(user, /^user:default\/auth0-/)
  console.log(`✔ and through Stagedoor it changes nobody: ${user}`)
  equal((await fetch(`${backstageUrl}/api/auth/guest/refresh`)).status, 404)
  console.log('✔ the guest provider is gone')
}
