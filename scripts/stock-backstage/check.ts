import { equal, match, ok } from 'node:assert/strict'
import { existsSync } from 'node:fs'

import { chromium, type Page } from 'playwright-core'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'

const timeout = 60_000
const programs = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** A browser logs in through the gateway; roles own entities; a forged header does not sign in. */
export async function checkInBrowser(gatewayUrl: string, backstageUrl: string): Promise<void> {
  const executablePath = programs.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined) throw new Error('Chromium is missing; set CHROMIUM_PATH')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await browser.newPage()
    await page.goto(gatewayUrl)
    await page.getByRole('button', { name: 'Jane Doe' }).click({ timeout })
    await page.waitForURL(`${gatewayUrl}/**`, { timeout })
    await page.goto(`${gatewayUrl}/catalog/default/component/example-website`)
    await page.getByText('example-website').first().waitFor({ timeout })
    console.log('✔ Jane logs in and sees the catalog')
    await page.goto(`${gatewayUrl}/settings/session`)
    await page.getByText('platform-admin').first().waitFor({ timeout })
    console.log('✔ the settings have the session, with her roles')
    await checkOwnership(page)
    await checkForgedHeaders(page, backstageUrl)
  } finally {
    await browser.close()
  }
}

async function checkOwnership(page: Page): Promise<void> {
  const owned = await page.evaluate(async () => {
    const signedIn = await fetch('/api/auth/stagedoor/refresh')
    const { backstageIdentity }: { backstageIdentity: { token: string } } = JSON.parse(await signedIn.text())
    const headers = { authorization: `Bearer ${backstageIdentity.token}` }
    const userInfo: { claims: { ent: string[] } } = JSON.parse(
      await (await fetch('/api/auth/v1/userinfo', { headers })).text(),
    )
    return userInfo.claims.ent
  })
  ok(owned.includes('group:default/platform-admin'), `owned: ${owned.join(' ')}`)
  console.log('✔ her role owns: group:default/platform-admin')
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
