import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Page, Request } from 'playwright-core'
import t, { type Test } from 'tap'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { ensureBackstage } from '../../scripts/backstage-setup.ts'
import { startBackstage } from '../../scripts/backstage-start.ts'
import { jane, userOf } from '../support/auth0-people.ts'
import { openChromium } from '../support/chromium.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { openAs, timeout, untilShownAs } from './people.ts'

t.setTimeout(600_000)

const peoplePath = '/catalog?filters%5Bkind%5D=user&filters%5Buser%5D=all'
const storefrontPath = '/catalog/default/component/storefront'
const newcomer = userOf({
  id: 'auth0|newcomer',
  email: 'newcomer@example.com',
  name: 'Nora Newcomer',
  nickname: 'nora',
  roles: ['developer'],
  organizations: ['org_demo'],
})

/** Only platform admins may refresh a catalog entity, as the refresh button of the entity page does. */
const permission = {
  stagedoor: {
    default: 'allow',
    rules: [
      { name: 'admins', who: { roles: ['platform-admin'] } },
      { name: 'nobody else', effect: 'deny', what: { names: ['catalog.entity.refresh'] } },
    ],
  },
}

const stack = await startStackOfAuth0People(t)

/** Login service, gateway and a real Backstage that imports its users from the login service. */
async function startStackOfAuth0People(t: Test) {
  await ensureBackstage({ log: (line) => t.comment(line) })
  const port = await freePort()
  const url = `http://localhost:${port}`
  const auth0 = await startLocalAuth0({ callbacks: [`${url}/.stagedoor/callback`] })
  t.teardown(() => auth0.close())
  const configFiles = [await writeBackstageConfig(t, { permission })]
  const backstage = await startBackstage({ gatewayBaseUrl: url, auth0, configFiles })
  t.teardown(() => backstage.close())
  const { parts } = await startGateway(t, { auth0, upstream: backstage.url, port })
  return { url, auth0, revocations: parts.admin.revocations }
}

async function writeBackstageConfig(t: Test, config: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stagedoor-people-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'app-config.test.yaml')
  await writeFile(file, JSON.stringify(config))
  return file
}

/** Reloads the page until it shows that text. @returns the milliseconds that took, at most `timeout` */
async function reloadUntilShown(page: Page, text: string): Promise<number> {
  const startedAtMs = performance.now()
  for (;;) {
    await page.reload()
    await page.getByText('Max Muster').first().waitFor({ timeout })
    const tookMs = performance.now() - startedAtMs
    if ((await page.getByText(text).count()) > 0) return tookMs
    if (tookMs > timeout) throw new Error(`the page does not show ${text}`)
  }
}

/** Makes the gateway refresh Jane's claims, as after `session.refreshEvery`. @returns her new roles */
async function refreshGatewaySession(page: Page): Promise<string[]> {
  await stack.revocations.revoke({ issuer: stack.auth0.issuer, subject: jane, claimsBefore: Date.now() })
  const answer = await page.request.get(`${stack.url}/.stagedoor/me`)
  return (await answer.json()).roles
}

/** Reloads the page. @returns its Backstage token, once it knows whether to show the refresh button */
async function reloadUntilDecided(page: Page): Promise<string> {
  const [signedIn] = await Promise.all([
    page.waitForResponse('**/api/auth/stagedoor/refresh', { timeout }),
    page.waitForResponse((response) => asksAboutRefreshing(response.request()), { timeout }),
    page.reload(),
  ])
  await untilShownAs(page, 'Jane Doe')
  await page.getByText('The web shop that customers see').first().waitFor({ timeout })
  await page.waitForLoadState('networkidle', { timeout })
  return `Bearer ${(await signedIn.json()).backstageIdentity.token}`
}

function asksAboutRefreshing(request: Request): boolean {
  return request.url().endsWith('/api/permission/authorize') && !!request.postData()?.includes('catalog.entity.refresh')
}

async function statusOfRefresh(page: Page, authorization: string): Promise<number> {
  const data = { entityRef: 'component:default/storefront' }
  return (await page.request.post(`${stack.url}/api/catalog/refresh`, { headers: { authorization }, data })).status()
}

/**
 * Sends requests with that token, from a page that does not renew it, until Backstage refuses. Returns the milliseconds that took: at
 * most the five seconds for which Backstage caches a token, and the time that a slow machine needs.
 */
async function untilRefused(page: Page, authorization: string): Promise<number> {
  const startedAtMs = performance.now()
  for (;;) {
    const status = await statusOfRefresh(page, authorization)
    const tookMs = performance.now() - startedAtMs
    if (status === 403) return tookMs
    if (tookMs > timeout) throw new Error(`a token of before the change is still answered with ${status}`)
    await page.waitForTimeout(200)
  }
}

t.test('a user created in Auth0 appears on the catalog page within seconds', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, stack, 'Jane Doe', peoplePath)
  await page.getByText('Max Muster').first().waitFor({ timeout })
  t.equal(await page.getByText(newcomer.name).count(), 0)

  stack.auth0.switches.createUser(newcomer)
  const tookMs = await reloadUntilShown(page, newcomer.name)
  t.comment(`created in Auth0, on the catalog page after ${(tookMs / 1000).toFixed(1)} s`)
})

t.test('after a role is removed in Auth0, the next refresh hides the button and makes the API refuse', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, stack, 'Jane Doe', storefrontPath)
  const button = page.getByTitle('Schedule entity refresh')
  const answered = page.waitForResponse('**/api/catalog/refresh', { timeout })
  await button.click({ timeout })
  t.equal((await answered).status(), 200)
  const tokenOfBefore = await reloadUntilDecided(page)
  t.equal(await statusOfRefresh(page, tokenOfBefore), 200, 'a reload alone takes nothing away')
  await button.waitFor({ timeout })

  stack.auth0.switches.setRoles(jane, ['stagedoor-admin'])
  t.same(await refreshGatewaySession(page), ['stagedoor-admin'])
  const tookMs = await untilRefused(page, tokenOfBefore)
  t.comment(`an earlier token is refused ${(tookMs / 1000).toFixed(1)} s after the session was refreshed`)
  const token = await reloadUntilDecided(page)
  t.equal(await button.count(), 0)
  t.equal(await statusOfRefresh(page, token), 403)
})
