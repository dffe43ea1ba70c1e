import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test(
  'signing out asks for confirmation, ends the session here and at the provider, and returns to our page',
  async (t) => {
    const stack = await startStack(t)
    const { browser } = await stack.signIn()
    const cookie = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
    const asking = await browser.open(`${stack.url}/.stagedoor/logout?return_to=/catalog`)
    t.match(asking.text, /Sign out\?/)
    t.match(asking.text, /Jane/)
    t.equal((await browser.fetch(`${stack.url}/`)).status, 200, 'asking ends nothing')

    const left = await browser.submit(asking.url, '/.stagedoor/logout', { return_to: '/catalog' })
    t.match(left.url, `${stack.url}/.stagedoor/signed-out`)
    t.match(left.text, /You are signed out/)
    t.match(left.text, 'return_to=%2Fcatalog')
    t.notOk(browser.cookiesOf(stack.url).has('stagedoor'), 'the browser was told to forget its cookie')
    t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
    t.match((await browser.open(`${stack.url}/`)).text, /name="password"/, 'the provider asks again')

    const thief = createBrowser()
    thief.cookiesOf(stack.url).set('stagedoor', cookie)
    t.equal((await thief.fetch(`${stack.url}/`)).status, 401, 'a copy of the cookie is dead too')
  },
)

t.test('a sign-out revokes the refresh token', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const before = stack.auth0.counters.revoke
  await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', {})
  t.equal(stack.auth0.counters.revoke - before, 1)
})

t.test('another site cannot sign a person out, whatever session.otherOrigins says', async (t) => {
  const stack = await startStack(t, { config: { session: { otherOrigins: 'all' } } })
  const { browser } = await stack.signIn()
  const forged = await browser.step(`${stack.url}/.stagedoor/logout`, {
    method: 'POST',
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  })
  t.match(forged, { status: 403, text: /STAGEDOOR_SESSION_CROSS_SITE/ })
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
})

t.test('a tenant whose discovery document has no end-session endpoint is signed out through /v2/logout', async (t) => {
  const stack = await startStack(t, { auth0: { settings: { advertiseEndSession: false } } })
  const { browser } = await stack.signIn()
  const page = await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', { return_to: '/x' })
  t.match(page, { status: 200, text: /You are signed out/ })
  t.match((await browser.open(`${stack.url}/`)).text, /name="password"/)
})

t.test('while the provider is down, a sign-out still ends the session here', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  stack.auth0.switches.down('error')
  const page = await browser.step(`${stack.url}/.stagedoor/logout`, { method: 'POST', headers: { origin: stack.url } })
  t.equal(page.status, 303)
  t.equal(page.headers.get('clear-site-data'), '"cache"')
  t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
  t.ok(stack.logged.some(({ msg }) => String(msg).includes('could not be revoked')))
})

t.test('the sign-out page does not ask a visitor without a session', async (t) => {
  const stack = await startStack(t)
  t.match((await createBrowser().open(`${stack.url}/.stagedoor/logout`)).text, /You are signed out/)
})

t.test('a sign-out form that is too large or of another content type is refused', async (t) => {
  const stack = await startStack(t)
  const headers = { origin: stack.url }
  const url = `${stack.url}/.stagedoor/logout`
  const large = await createBrowser().step(url, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ a: 'x'.repeat(70_000) }),
  })
  t.match(large, { status: 413, text: /STAGEDOOR_BOUNDARY_BODY_TOO_LARGE/ })
  const xml = await createBrowser().step(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/xml' },
    body: '<x/>',
  })
  t.match(xml, { status: 415, text: /STAGEDOOR_BOUNDARY_UNSUPPORTED_MEDIA_TYPE/ })
})
