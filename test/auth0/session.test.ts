import { decodeJwt } from 'jose'
import { refreshTokenGrant } from 'openid-client'
import t from 'tap'

import { createApplication, startAuth0 } from './support/start.ts'

const mfa = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'
const idClaims = (tokens: { id_token?: string | undefined }) => decodeJwt(tokens.id_token ?? '')

t.test('a second login in the same browser shows no page and keeps the sid', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl, login, redeem } = await createApplication(auth0)
  const first = await login()
  const page = await browser.get(authorizeUrl().href)
  t.notMatch(page.text, 'password')
  t.equal(idClaims(await redeem(page)).sid, idClaims(first).sid)
})

t.test('prompt=none returns login_required without a session, and a code with one', async (t) => {
  const auth0 = await startAuth0(t)
  const { visit, login } = await createApplication(auth0)
  const page = await visit({ prompt: 'none' })
  t.equal(new URL(page.location ?? '').searchParams.get('error'), 'login_required')
  await login()
  t.ok(idClaims(await login({ prompt: 'none' })).sid)
})

t.test('prompt=login and max_age=0 ask again and put auth_time into the ID token', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl, login } = await createApplication(auth0)
  await login()
  t.match((await browser.get(authorizeUrl({ prompt: 'login' }).href)).text, 'name="password"')
  t.type(idClaims(await login({ prompt: 'login' })).auth_time, 'number')
  t.type(idClaims(await login({ max_age: '3600' })).auth_time, 'number')
  t.equal(idClaims(await login()).auth_time, undefined)
})

t.test('another user in the same browser gets another sid', async (t) => {
  const auth0 = await startAuth0(t)
  const { login } = await createApplication(auth0)
  const jane = idClaims(await login())
  const max = idClaims(await login({ prompt: 'login' }, 'max@example.com'))
  t.equal(max.email, 'max@example.com')
  t.not(max.sid, jane.sid)
})

t.test('acr_values asks for the second factor, and amr is on that ID token only', async (t) => {
  const auth0 = await startAuth0(t)
  const application = await createApplication(auth0)
  const { browser, redeem, visit, login } = application
  const page = await visit({ acr_values: mfa, scope: 'openid offline_access' })
  t.match(page.text, 'One-time code')
  const wrong = await browser.submit(`${auth0.issuer}u/login/mfa`, { code: '000000' })
  t.equal(wrong.status, 400)
  const stepped = await redeem(await browser.submit(`${auth0.issuer}u/login/mfa`, { code: '123456' }))
  t.match(idClaims(stepped), { amr: ['mfa', 'pwd'], acr: mfa })
  const refreshed = await refreshTokenGrant(application.config, stepped.refresh_token ?? '')
  t.notOk('amr' in idClaims(refreshed) || 'acr' in idClaims(refreshed), 'gone after a refresh')
  t.notOk('amr' in idClaims(await login()), 'gone in a silent login')
})

t.test('in a running session only the second factor is asked for', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl, redeem, login } = await createApplication(auth0)
  await login()
  const page = await browser.get(authorizeUrl({ acr_values: mfa }).href)
  t.match(page.text, 'One-time code')
  const tokens = await redeem(await browser.submit(`${auth0.issuer}u/login/mfa`, { code: '123456' }))
  t.same(idClaims(tokens).amr, ['mfa', 'pwd'])
})

t.test('an organization login carries org_id and org_name, by id or by name', async (t) => {
  const auth0 = await startAuth0(t)
  for (const organization of ['org_demo', 'demo']) {
    const claims = idClaims(await (await createApplication(auth0)).login({ organization }))
    t.match(claims, { org_id: 'org_demo', org_name: 'demo' })
  }
  auth0.switches.setSettings({ sendOrganizationName: false })
  t.notOk('org_name' in idClaims(await (await createApplication(auth0)).login({ organization: 'demo' })))
})

t.test('a user who is no member is refused, at the login page and in a running session', async (t) => {
  const auth0 = await startAuth0(t)
  const application = await createApplication(auth0)
  const atLogin = await (await createApplication(auth0)).visit({ organization: 'org_other' })
  await application.login()
  for (const page of [atLogin, await application.visit({ organization: 'org_other' })]) {
    const { searchParams } = new URL(page.location ?? '')
    t.equal(searchParams.get('error'), 'access_denied')
    t.match(searchParams.get('error_description'), /is not part of the org_other organization$/)
  }
})

t.test('an unknown organization is refused', async (t) => {
  const auth0 = await startAuth0(t)
  const page = await (await createApplication(auth0)).visit({ organization: 'org_nobody' })
  t.equal(new URL(page.location ?? '').searchParams.get('error_description'), 'parameter organization is invalid')
})

t.test('an invitation needs its organization and makes the user a member', async (t) => {
  const auth0 = await startAuth0(t)
  const { visit, login } = await createApplication(auth0)
  const alone = await visit({ invitation: 'ticket' })
  t.equal(new URL(alone.location ?? '').searchParams.get('error'), 'invalid_request')
  const claims = idClaims(await login({ invitation: 'ticket', organization: 'org_demo' }, 'eve@example.com'))
  t.equal(claims.org_id, 'org_demo')
})

t.test("session_expiry is in the ID token when the tenant's Action sets it", async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setSettings({ sessionExpirySeconds: 4_000_000_000 })
  t.equal(idClaims(await (await createApplication(auth0)).login()).session_expiry, 4_000_000_000)
})
