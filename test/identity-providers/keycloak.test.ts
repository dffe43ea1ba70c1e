import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import t, { type Test } from 'tap'

import { type Browser, createBrowser, type Page } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

/** Tests against a second certified provider. `npm run test:keycloak` starts it, which takes a minute. */
const keycloakUrl = process.env['KEYCLOAK_URL']
const skip = keycloakUrl
  ? false
  : 'no Keycloak: `npm run test:keycloak` starts one (KEYCLOAK_URL names one whose administrator is admin, password admin)'

type Stack = Awaited<ReturnType<typeof startKeycloakStack>>

t.test('people sign in with Keycloak, and its roles and groups are used', { skip }, async (t) => {
  const stack = await startKeycloakStack(t)
  const jane = await signIn(stack, 'jane')
  t.equal(jane.page.status, 200)
  t.equal(jane.page.url, `${stack.url}/admin/x`)
  const me = JSON.parse((await jane.browser.fetch(`${stack.url}/.stagedoor/me`)).text)
  t.match(me, { email: 'jane@example.com', name: 'Jane Doe', groups: ['platform'] })
  t.ok(me.roles.includes('stagedoor-admin'))
  const max = await signIn(stack, 'max')
  t.equal(max.page.status, 403, 'a role that a person lacks')
})

t.test('a session that ends at Keycloak ends here (back-channel logout)', { skip }, async (t) => {
  const stack = await startKeycloakStack(t)
  const { browser } = await signIn(stack, 'jane')
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
  await stack.endSessionsOf('jane')
  await until(async () => (await browser.fetch(`${stack.url}/`)).status === 401, 100)
  t.match(
    stack.records().find(({ event }) => event === 'revocation'),
    { channel: 'back-channel-logout' },
  )
})

t.test('a sign-out also ends the session at Keycloak', { skip }, async (t) => {
  const stack = await startKeycloakStack(t)
  const { browser } = await signIn(stack, 'jane')
  const left = await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', {})
  t.match(left, { status: 200, text: /You are signed out/ })
  t.match((await browser.open(`${stack.url}/`)).text, /name="password"/, 'Keycloak asks again')
})

t.test('claims from Keycloak are refreshed', { skip }, async (t) => {
  let now = Date.now()
  const stack = await startKeycloakStack(t, () => now)
  const { browser } = await signIn(stack, 'jane')
  await stack.removeRole('jane', 'stagedoor-admin')
  now += 61_000
  await until(async () => (await browser.fetch(`${stack.url}/admin/x`)).status === 403, 200)
})

async function signIn(stack: Stack, username: string, browser = createBrowser()) {
  const login = await browser.open(`${stack.url}/admin/x`)
  return { browser, page: await passKeycloak(login, browser, username) }
}

async function passKeycloak(login: Page, browser: Browser, username: string): Promise<Page> {
  const [, action = ''] = /<form[^>]*action="([^"]+)"/.exec(login.text) ?? []
  return browser.submit(login.url, action.replaceAll('&amp;', '&'), { username, password: 'stagedoor' })
}

/** A new realm from the example with two people, and the gateway before an upstream. */
async function startKeycloakStack(t: Test, now?: () => number) {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const realm = `stagedoor-${port}`
  const admin = await startAdministrator(realm)
  const text = await readFile(new URL('../../examples/identity-providers/keycloak-realm.json', import.meta.url), 'utf8')
  const example = JSON.parse(text.replaceAll('https://portal.example.com', url))
  const person = (username: string, name: string, role: string, group: string) => ({
    username,
    enabled: true,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: name,
    lastName: 'Doe',
    realmRoles: [role],
    groups: [group],
    credentials: [{ type: 'password', value: 'stagedoor', temporary: false }],
  })
  const users = [person('jane', 'Jane', 'stagedoor-admin', 'platform'), person('max', 'Max', 'developer', 'web')]
  const secret = randomBytes(24).toString('hex')
  example.clients[0].secret = secret
  await admin('POST', '/admin/realms', { ...example, realm, users })
  t.teardown(() => admin('DELETE', `/admin/realms/${realm}`))

  const origin = await startOrigin(t)
  const gateway = await startGateway(t, {
    auth0: { issuer: `${keycloakUrl}/realms/${realm}`, clientId: 'stagedoor', clientSecret: secret },
    upstream: origin.url,
    port,
    ...(now && { now }),
    config: {
      auth0: { scopes: ['openid', 'profile', 'email'] },
      session: { refreshEvery: '1m' },
      routes: [
        { name: 'admin', path: '/admin/**', allow: { roles: ['stagedoor-admin'] } },
        { name: 'everything', path: '/**', allow: 'authenticated' },
      ],
    },
  })
  const idOf = async (username: string): Promise<string> => {
    const [found] = await admin('GET', `/admin/realms/${realm}/users?username=${username}&exact=true`)
    return found.id
  }
  return {
    ...gateway,
    endSessionsOf: async (username: string) =>
      admin('POST', `/admin/realms/${realm}/users/${await idOf(username)}/logout`),
    async removeRole(username: string, role: string) {
      const roles = [await admin('GET', `/admin/realms/${realm}/roles/${role}`)]
      await admin('DELETE', `/admin/realms/${realm}/users/${await idOf(username)}/role-mappings/realm`, roles)
    },
  }
}

/** Calls Keycloak's admin API. Tokens live for a minute, so each call gets a new one. */
async function startAdministrator(realm: string) {
  return async (method: string, path: string, body?: object) => {
    const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }
    const tokens = await fetch(`${keycloakUrl}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    const { access_token: token } = (await tokens.json()) as { access_token: string }
    const response = await fetch(`${keycloakUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Keycloak refuses ${method} ${path} for ${realm}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
