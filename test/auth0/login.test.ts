import { decodeJwt, decodeProtectedHeader } from 'jose'
import t from 'tap'

import { callback, createApplication, startAuth0 } from './support/start.ts'

const jane = 'auth0|64f1c0ffee0000000000a001'

t.test('a login gives an ID token with namespaced roles and groups, and Auth0 header and issuer', async (t) => {
  const auth0 = await startAuth0(t)
  const tokens = await (await createApplication(auth0)).login()
  const claims = decodeJwt(tokens.id_token ?? '')
  t.match(claims, {
    iss: auth0.issuer,
    sub: jane,
    aud: auth0.clientId,
    email: 'jane@example.com',
    email_verified: true,
    name: 'Jane Doe',
    sid: String,
    'https://stagedoor.example.com/roles': ['platform-admin', 'stagedoor-admin'],
    'https://stagedoor.example.com/groups': ['platform', 'everyone'],
  })
  t.ok(auth0.issuer.endsWith('/'))
  t.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, 'RS256')
  t.notOk(
    ['amr', 'acr', 'auth_time', 'org_id'].some((name) => name in claims),
    'nothing that was not asked for',
  )
  t.equal(tokens.refresh_token, undefined, 'no refresh token without offline_access')
})

t.test('a callback carries code and state, and no RFC 9207 issuer unless switched on', async (t) => {
  const auth0 = await startAuth0(t)
  const application = await createApplication(auth0)
  const page = await application.visit()
  t.same([...new URL(page.location ?? '').searchParams.keys()].toSorted(), ['code', 'state'])
  auth0.switches.setSettings({ sendIssuerOnCallback: true })
  const again = await application.visit()
  t.equal(new URL(again.location ?? '').searchParams.get('iss'), auth0.issuer)
})

t.test('a wrong password shows the page again with a message', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl } = await createApplication(auth0)
  const page = await browser.get(authorizeUrl().href)
  const again = await browser.submit(page.url, { username: 'jane@example.com', password: 'wrong' })
  t.equal(again.status, 400)
  t.match(again.text, 'Wrong email or password.')
})

t.test('login_hint prefills the form, escaped', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl } = await createApplication(auth0)
  const page = await browser.get(authorizeUrl({ login_hint: 'jane"><b>@example.com' }).href)
  t.match(page.text, 'value="jane&quot;&gt;&lt;b&gt;@example.com"')
})

t.test('a callback that is not registered gets a 403 page, never a redirect', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl } = await createApplication(auth0)
  const page = await browser.get(authorizeUrl({ redirect_uri: `${callback}/` }).href)
  t.equal(page.status, 403)
  t.equal(page.location, undefined)
  t.match(page.text, 'Callback URL mismatch')
})

t.test('a blocked user is sent back with access_denied, at the login page and in a running session', async (t) => {
  const auth0 = await startAuth0(t)
  const blocked = await (await createApplication(auth0)).visit({}, 'bob@example.com')
  const application = await createApplication(auth0)
  await application.login()
  await auth0.switches.blockUser(jane)
  for (const page of [blocked, await application.visit()]) {
    const { searchParams } = new URL(page.location ?? '')
    t.equal(searchParams.get('error'), 'access_denied')
    t.equal(searchParams.get('error_description'), 'user is blocked')
  }
})

t.test('an API that is unknown is refused as "Service not found"', async (t) => {
  const auth0 = await startAuth0(t)
  const page = await (await createApplication(auth0)).visit({ audience: 'https://nobody.example.com' })
  const { searchParams } = new URL(page.location ?? '')
  t.equal(searchParams.get('error'), 'access_denied')
  t.equal(searchParams.get('error_description'), 'Service not found: https://nobody.example.com')
})

t.test('the parameters sent to /authorize can be read', async (t) => {
  const auth0 = await startAuth0(t)
  await (await createApplication(auth0)).visit({ connection: 'google-oauth2', screen_hint: 'signup' })
  t.match(auth0.tenant.lastAuthorize, { connection: 'google-oauth2', screen_hint: 'signup' })
})

t.test('an unknown connection is refused', async (t) => {
  const auth0 = await startAuth0(t)
  const page = await (await createApplication(auth0)).visit({ connection: 'nowhere' })
  t.equal(new URL(page.location ?? '').searchParams.get('error_description'), 'the connection was not found')
})

t.test('a claim with a reserved name is dropped silently, and another one arrives', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setUser(jane, { customClaims: { roles: ['x'], groups: ['x'], department: 'IT' } })
  const claims = decodeJwt((await (await createApplication(auth0)).login()).id_token ?? '')
  t.notOk('roles' in claims || 'groups' in claims)
  t.equal(claims.department, 'IT')
})

t.test('the clock of the tenant can be moved: tokens and Date header follow', async (t) => {
  const auth0 = await startAuth0(t)
  const application = await createApplication(auth0)
  auth0.switches.setClockOffsetSeconds(-20)
  const iat = decodeJwt((await application.login()).id_token ?? '').iat ?? 0
  const response = await fetch(`${auth0.issuer}.well-known/jwks.json`)
  for (const seconds of [iat, Date.parse(response.headers.get('date') ?? '') / 1000]) {
    const behindSeconds = Date.now() / 1000 - seconds
    t.ok(behindSeconds > 15 && behindSeconds < 25, `${behindSeconds} s behind`)
  }
})

t.test(
  'a tenant that requires pushed requests answers plain ones with an error page, and one without PAR has no such endpoint',
  async (t) => {
    const auth0 = await startAuth0(t)
    const wrong = { client_id: auth0.clientId, client_secret: 'wrong' }
    const push = () => fetch(`${auth0.issuer}oauth/par`, { method: 'POST', body: new URLSearchParams(wrong) })
    t.equal((await push()).status, 404)
    auth0.switches.setSettings({ pushedAuthorization: 'required' })
    t.equal((await push()).status, 401, 'it authenticates like the token endpoint')
    const page = await (await createApplication(auth0)).visit()
    t.match(page, { status: 400, text: /Pushed Authorization Requests are required/ })
  },
)

t.test('the pages have an icon and follow the reader’s theme', async (t) => {
  const auth0 = await startAuth0(t)
  const icon = await fetch(`${auth0.issuer}favicon.ico`)
  t.match([icon.status, icon.headers.get('content-type'), await icon.text()], [200, /svg/, /^<svg/])
  const page = await fetch(`${auth0.issuer}v2/logout?client_id=nobody`)
  t.match(await page.text(), /rel="icon"[^]*prefers-color-scheme: dark/)
})
