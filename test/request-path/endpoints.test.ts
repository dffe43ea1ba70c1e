import { createLocalJWKSet, jwtVerify } from 'jose'
import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test('the account page and its JSON show a signed-in person only to themselves', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const page = await browser.open(`${stack.url}/.stagedoor/`)
  t.match(page, { status: 200, text: /platform-admin/ })
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)
  const me = JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text)
  t.match(me, { kind: 'user', email: 'jane@example.com', roles: ['platform-admin', 'stagedoor-admin'] })
  t.notMatch(JSON.stringify(me), /eyJ/)

  const stranger = createBrowser()
  t.match(await stranger.fetch(`${stack.url}/.stagedoor/me`), { status: 401, text: /STAGEDOOR_SESSION_REQUIRED/ })
  const { location = '' } = await stranger.step(`${stack.url}/.stagedoor/`)
  t.match(location, '/.stagedoor/login?return_to=%2F.stagedoor%2F')
})

t.test(
  'a login in its own window ends on a page that notifies the other tabs, and only for a signed-in person',
  async (t) => {
    const stack = await startStack(t)
    const { page } = await stack.signIn(undefined, undefined, '/.stagedoor/login?return_to=%2F.stagedoor%2Fsigned-in')
    t.match(page, { status: 200, url: `${stack.url}/.stagedoor/signed-in`, text: /Jane Doe.*signed-in/s })
    t.match(page.headers.get('content-security-policy'), /script-src (?:'sha256-[^' ]+' ?){2};/)

    const { location = '' } = await createBrowser().step(`${stack.url}/.stagedoor/signed-in`)
    t.match(location, '/.stagedoor/login?return_to=%2F.stagedoor%2Fsigned-in')
  },
)

t.test('assertions verify with the published keys, which may be cached', async (t) => {
  const stack = await startStack(t)
  const { page } = await stack.signIn()
  const published = await createBrowser().fetch(`${stack.url}/.stagedoor/jwks.json`)
  t.match(published.headers.get('cache-control'), /public, max-age=\d+/)
  t.match(published.headers.get('content-type'), 'application/jwk-set+json')
  const assertion = JSON.parse(page.text).headers['x-stagedoor-assertion']
  await t.resolves(
    jwtVerify(assertion, createLocalJWKSet(JSON.parse(published.text)), {
      issuer: stack.url,
      audience: 'urn:stagedoor:backstage',
      typ: 'stagedoor-assertion+jwt',
    }),
  )
})

t.test('requests of one session share one assertion', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const seen = new Set<string>()
  for (let i = 0; i < 3; i++) {
    const page = await browser.fetch(`${stack.url}/`)
    seen.add(JSON.parse(page.text).headers['x-stagedoor-assertion'])
  }
  t.equal(seen.size, 1)
})

t.test('probes answer on both listeners, metrics on the admin listener only', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  await browser.fetch(`${stack.url}/`)
  t.match(await browser.fetch(`${stack.url}/.stagedoor/health/live`), { status: 200, text: /"ok"/ })
  t.match((await stack.admin.inject('/.stagedoor/health/ready')).json(), { status: 'ok' })
  const secrets = await stack.admin.inject('/secrets')
  t.match(secrets.json(), { processes: [{ 'auth0.clientSecrets': [/^[0-9a-f]{16}$/], 'session.secrets': [String] }] })
  t.notOk(secrets.body.includes(stack.auth0.clientSecret))
  const metrics = await stack.admin.inject('/metrics')
  t.match(metrics.body, /stagedoor_requests_total\{outcome="allow",reason="none",status="2xx"\} [1-9]/)
  t.match(metrics.body, /stagedoor_condition_ok\{name="auth0"\} 1/)
  t.notMatch(
    (await browser.fetch(`${stack.url}/metrics`)).text,
    /stagedoor_requests_total/,
    'that path is the upstream’s',
  )
})

t.test('a public rule lets every caller pass, and still identifies a signed-in one', async (t) => {
  const stack = await startStack(t)
  const anonymous = await createBrowser().fetch(`${stack.url}/public/x`)
  t.equal(anonymous.status, 200)
  t.notMatch(anonymous.text, /x-stagedoor-assertion/)
  const { browser } = await stack.signIn()
  t.match((await browser.fetch(`${stack.url}/public/x`)).text, /x-stagedoor-assertion/)
})

t.test('a refused person gets a page, a refused program the reason as JSON', async (t) => {
  const routes = [
    { name: 'admin', path: '/admin/**', allow: { roles: ['platform-admin'] } },
    { name: 'everything', path: '/**', allow: 'authenticated' },
  ]
  const stack = await startStack(t, { config: { routes } })
  const { browser } = await stack.signIn('max@example.com')
  t.match(await browser.open(`${stack.url}/ADMIN/x/`), { status: 403, text: /STAGEDOOR_POLICY_DENIED/ })
  t.match(await browser.fetch(`${stack.url}/admin`), { status: 403, text: /"reason":"role-missing"/ })
  t.equal((await stack.signIn('jane@example.com', undefined, '/admin/x')).page.status, 200)
})

t.test('every decision, login and logout leaves a record', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  await createBrowser().fetch(`${stack.url}/secret`)
  await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', {})
  const records = stack.records().map(({ event, outcome, path, reason }) => [event, outcome, path, reason])
  t.hasStrict(records, [
    ['decision', 'deny', '/', 'unauthenticated'],
    ['login', 'allow', '/.stagedoor/callback', undefined],
    ['decision', 'allow', '/', undefined],
    ['decision', 'deny', '/secret', 'unauthenticated'],
    ['logout', 'allow', '/.stagedoor/logout', undefined],
  ])
})

t.test('a session too large for three cookies is refused, and the log points to the Redis store', async (t) => {
  const groups = Array.from({ length: 400 }, (_, i) => `a-rather-long-group-name-${i}`)
  const stack = await startStack(t)
  stack.auth0.switches.setGroups(stack.auth0.users[0]?.id ?? '', groups)
  t.match((await stack.signIn()).page, {
    status: 500,
    text: /STAGEDOOR_SESSION_COOKIE_TOO_LARGE.*|session\.store to redis/,
  })
})

t.test('a session with a hundred groups is split over several cookies', async (t) => {
  const groups = Array.from({ length: 100 }, (_, i) => `a-rather-long-group-name-${i}`)
  const stack = await startStack(t)
  stack.auth0.switches.setGroups(stack.auth0.users[0]?.id ?? '', groups)
  const { browser, page } = await stack.signIn()
  t.equal(page.status, 200)
  t.same([...browser.cookiesOf(stack.url).keys()].toSorted(), ['stagedoor-login', 'stagedoor.0', 'stagedoor.1'])
})

t.test('a login for an organization other than the requested one starts no session', async (t) => {
  // The login asks for a name, but this tenant's tokens carry no organization names: nothing proves a match.
  const stack = await startStack(t, {
    config: { auth0: { organization: 'demo' } },
    auth0: { settings: { sendOrganizationName: false } },
  })
  const { browser, page } = await stack.signIn()
  t.match(page, { status: 403, text: /STAGEDOOR_OIDC_ORGANIZATION_MISMATCH/ })
  t.notOk(browser.cookiesOf(stack.url).has('stagedoor'))
})

t.test('a request whose identity cannot be signed does not reach the upstream', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn('jane@example.com', undefined, '/.stagedoor/')
  const statement = stack.parts.assertion.statements.get('backstage')
  if (statement !== undefined) statement.minter.mint = () => Promise.reject(new Error('no entropy'))
  t.match(await browser.fetch(`${stack.url}/`), { status: 503, text: /STAGEDOOR_ASSERTION_UNAVAILABLE/ })
  t.equal(stack.origin.seen.length, 0)
})

t.test('an internal error reveals nothing to the client', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  stack.app.sessions.end = () => Promise.reject(new Error('db at 10.0.0.1'))
  const page = await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', {})
  t.match(page, { status: 500, text: /STAGEDOOR_INTERNAL/ })
  t.notMatch(page.text, /10\.0\.0\.1/)
})
