import { decodeJwt } from 'jose'
import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { passLoginPageUntilCallback, startStack } from '../support/stack.ts'

t.test('a navigation without a session leads through login back to the page, with a signed identity', async (t) => {
  const stack = await startStack(t)
  const { browser, page } = await stack.signIn('jane@example.com', undefined, '/catalog?filters=a%20b')
  t.equal(page.status, 200)
  t.equal(page.url, `${stack.url}/catalog?filters=a%20b`)
  const { headers, url } = JSON.parse(page.text)
  t.equal(url, '/catalog?filters=a%20b')
  t.match(decodeJwt(headers['x-stagedoor-assertion']), { email: 'jane@example.com', kind: 'user', iss: stack.url })
  t.notMatch(headers.cookie ?? '', /stagedoor/)
  t.same([...browser.cookiesOf(stack.url).keys()].toSorted(), ['stagedoor', 'stagedoor-login'])
})

t.test('the cookie holds neither ID nor access token, and each login sets a new cookie', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, { now: () => now })
  const { browser, page } = await stack.signIn()
  const first = browser.cookiesOf(stack.url).get('stagedoor')
  const next = await browser.open(`${stack.url}/.stagedoor/login?login_hint=jane@example.com`)
  const ids = [page, next].map(({ text }) => decodeJwt(JSON.parse(text).headers['x-stagedoor-assertion'])['sid'])
  for (const id of ids) t.match(id, /^[\w-]{22}$/, '128 bits')
  t.not(ids[0], ids[1], 'the id of a session is its own, too')
  const second = browser.cookiesOf(stack.url).get('stagedoor')
  t.ok(second)
  t.not(second, first)
  t.ok((second?.length ?? 0) < 2_000, `${second?.length} characters hold mapped claims and a refresh token only`)
  const replayed = createBrowser()
  replayed.cookiesOf(stack.url).set('stagedoor', first ?? '')
  t.equal((await replayed.fetch(`${stack.url}/`)).status, 200, 'requests under way in other tabs may still arrive')
  now += 10_000
  t.equal((await replayed.fetch(`${stack.url}/`)).status, 401, 'the session before it has ended')
})

t.test('a request that is no navigation gets a 401 as JSON with the login URL, and starts no login', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const answer = await browser.fetch(`${stack.url}/api/catalog/entities`)
  t.equal(answer.status, 401)
  t.equal(answer.headers.get('content-type'), 'application/problem+json')
  t.match(JSON.parse(answer.text), {
    code: 'STAGEDOOR_POLICY_UNAUTHENTICATED',
    reason: 'unauthenticated',
    login_url: `${stack.url}/.stagedoor/login?return_to=%2F`,
    request_id: answer.headers.get('x-request-id'),
  })
  t.equal(browser.cookiesOf(stack.url).size, 0)
  t.match(await browser.fetch(`${stack.url}/.stagedoor/login`), {
    status: 400,
    text: /STAGEDOOR_OIDC_NOT_A_NAVIGATION/,
  })
})

t.test('the request to the provider has PKCE, state, nonce and the parameters of the login link', async (t) => {
  const stack = await startStack(t)
  const link = '/.stagedoor/login?organization=org_demo&connection=okta-workforce&login_hint=jane@example.com'
  const { status, location = '' } = await createBrowser().step(stack.url + link)
  t.equal(status, 302)
  const query = new URL(location).searchParams
  t.equal(query.get('code_challenge_method'), 'S256')
  t.match(query.get('code_challenge') ?? '', /^[\w-]{43}$/)
  t.match(query.get('nonce') ?? '', /^[\w-]{43}$/)
  t.equal(query.get('organization'), 'org_demo')
  t.equal(query.get('connection'), 'okta-workforce')
  t.equal(query.get('login_hint'), 'jane@example.com')
  t.equal(query.get('redirect_uri'), `${stack.url}/.stagedoor/callback`)
})

t.test('a login for an organization gives an identity within it', async (t) => {
  const stack = await startStack(t, { config: { auth0: { organization: 'org_demo' } } })
  const { page } = await stack.signIn()
  t.match(decodeJwt(JSON.parse(page.text).headers['x-stagedoor-assertion']), { org_id: 'org_demo' })
})

t.test('a browser has at most five pending logins; a sixth replaces the oldest', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, { now: () => now })
  const browser = createBrowser()
  for (let i = 0; i < 7; i++) {
    now += 1_000
    await browser.step(`${stack.url}/.stagedoor/login`)
  }
  const inFlight = [...browser.cookiesOf(stack.url).keys()].filter((name) => name.startsWith('stagedoor-tx.'))
  t.equal(inFlight.length, 5)
})

t.test('a callback that this browser did not start is refused with a page that offers a next step', async (t) => {
  const stack = await startStack(t)
  const starter = createBrowser()
  const { location = '' } = await starter.step(`${stack.url}/deep/link`)
  const login = await starter.open(location)
  const other = createBrowser()
  const callback = await passLoginPageUntilCallback(stack.url, login, starter)
  const page = await other.open(callback)
  t.equal(page.status, 400)
  t.match(page.text, /STAGEDOOR_OIDC_TRANSACTION_MISSING/)
  t.match(page.text, /href="\/"/)
})

t.test('a callback works only once', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const login = await browser.open(`${stack.url}/`)
  const callback = await passLoginPageUntilCallback(stack.url, login, browser)
  const cookies = new Map(browser.cookiesOf(stack.url))
  t.equal((await browser.step(callback)).status, 302)
  t.match(await browser.open(callback), { status: 200, text: /You are signed in already/ })
  const replayed = createBrowser()
  for (const [name, value] of cookies) replayed.cookiesOf(stack.url).set(name, value)
  replayed.cookiesOf(stack.url).set('stagedoor-login', 'restarted-0')
  t.match(await replayed.open(callback), { status: 400, text: /STAGEDOOR_OIDC_TRANSACTION_MISSING/ })
  t.notOk(replayed.cookiesOf(stack.url).has('stagedoor'))
})

t.test('a login that takes longer than ten minutes is refused', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, { now: () => now })
  const browser = createBrowser()
  const login = await browser.open(`${stack.url}/`)
  const callback = await passLoginPageUntilCallback(stack.url, login, browser)
  now += 600_001
  browser.cookiesOf(stack.url).set('stagedoor-login', 'restarted-0')
  t.match(await browser.open(callback), { status: 400, text: /STAGEDOOR_OIDC_TRANSACTION_EXPIRED/ })
})

t.test('a foreign or altered state is refused', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  t.match(await browser.open(`${stack.url}/.stagedoor/callback?code=x&state=forged`), {
    status: 400,
    text: /STAGEDOOR_OIDC_STATE_MISMATCH/,
  })
  const login = await browser.open(`${stack.url}/`)
  const callback = new URL(await passLoginPageUntilCallback(stack.url, login, browser))
  const state = callback.searchParams.get('state') ?? ''
  callback.searchParams.set('state', state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A'))
  t.match(await browser.open(callback.href), { status: 400, text: /STAGEDOOR_OIDC_STATE_MISMATCH/ })
})

t.test('a person whom the login service refuses sees its message, escaped as text', async (t) => {
  const stack = await startStack(t)
  const { page } = await stack.signIn('bob@example.com')
  t.equal(page.status, 403)
  t.match(page.text, /STAGEDOOR_OIDC_PROVIDER_REFUSED/)
  t.match(page.text, /The login service says: “user is blocked” \(access_denied\)/)
  t.match(page.text, 'Use another account')
  t.notMatch(page.text, /Go to the portal|My account/, 'nothing leads back to the same refusal')

  const browser = createBrowser()
  const login = await browser.open(`${stack.url}/`)
  const callback = new URL(await passLoginPageUntilCallback(stack.url, login, browser))
  callback.searchParams.delete('code')
  callback.searchParams.set('error', 'access_denied')
  callback.searchParams.set('error_description', `<b>no\u202e</b>\n${'x'.repeat(400)}`)
  const { text } = await browser.open(callback.href)
  t.match(text, /“&#60;b&#62;no &#60;\/b&#62; x{250,290}…”/)
})

t.test('a callback without a login of this browser shows no text of the link', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  await browser.open(`${stack.url}/`)
  const other = createBrowser()
  const callback = new URL(await passLoginPageUntilCallback(stack.url, await other.open(`${stack.url}/`), other))
  callback.searchParams.set('error', 'access_denied')
  callback.searchParams.set('error_description', 'call 555-1234')
  for (const state of [callback.searchParams.get('state') ?? '', 'x']) {
    callback.searchParams.set('state', state)
    const page = await browser.open(callback.href)
    t.notMatch(page.text, /555/)
  }
})

t.test('a code that the provider rejects leads to an error page and starts no session', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const login = await browser.open(`${stack.url}/`)
  const callback = new URL(await passLoginPageUntilCallback(stack.url, login, browser))
  callback.searchParams.set('code', 'unknown')
  t.match(await browser.open(callback.href), { status: 502, text: /STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED/ })
  t.notOk(browser.cookiesOf(stack.url).has('stagedoor'))
})

t.test('a bad parameter in a login link is named', async (t) => {
  const stack = await startStack(t)
  const page = await createBrowser().open(`${stack.url}/.stagedoor/login?iss=https://evil.example/`)
  t.match(page, { status: 400, text: /iss is not the provider of this portal/ })
})

t.test('the second client secret is used when the first is rejected', async (t) => {
  const stack = await startStack(t, { config: { auth0: { clientSecrets: ['rotated-away', 'stagedoor-demo-secret'] } } })
  stack.auth0.switches.setClientSecret(stack.auth0.clientId, 'stagedoor-demo-secret')
  t.equal((await stack.signIn()).page.status, 200)
})

t.test('when no client secret is accepted, the log says where to look', async (t) => {
  const stack = await startStack(t, { config: { auth0: { clientSecrets: ['wrong'] } } })
  t.match((await stack.signIn()).page, { status: 502, text: /STAGEDOOR_OIDC_CLIENT_REJECTED/ })
})

t.test('the log names the address of the provider that fails', async (t) => {
  const stack = await startStack(t)
  stack.auth0.switches.down('error', ['/oauth/token'])
  t.match((await stack.signIn()).page, { status: 503, text: /STAGEDOOR_OIDC_UNAVAILABLE/ })
  const { detail } = stack.logged.find(({ code }) => code === 'STAGEDOOR_OIDC_UNAVAILABLE') ?? {}
  t.equal(detail, `${stack.auth0.issuer}oauth/token answers 503`)
})

t.test('while the provider is down a page says so, and logins work again once it is back', async (t) => {
  const stack = await startStack(t, { auth0: { isDown: true } })
  const ready = async () =>
    JSON.parse((await createBrowser().fetch(`${stack.url}/.stagedoor/health/ready`)).text).status
  t.match((await stack.signIn()).page, { status: 503, text: /STAGEDOOR_OIDC_UNAVAILABLE/ })
  t.equal(await ready(), 'degraded')
  stack.auth0.switches.up()
  t.equal((await stack.signIn()).page.status, 200)
  t.equal(await ready(), 'ok')
})

t.test('signed-in people keep access while the provider is down', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  stack.auth0.switches.down('error')
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
})
