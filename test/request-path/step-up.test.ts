import t, { type Test } from 'tap'

import { createBrowser, type Browser, type Page } from '../support/browser.ts'
import { type Stack, passLoginPage, startStack } from '../support/stack.ts'

const routes = [
  {
    name: 'admin',
    path: '/api/admin/**',
    allow: { all: [{ roles: ['platform-admin'] }, { mfa: { within: '15m' } }] },
  },
  { name: 'vault', path: '/api/vault/**', allow: { mfa: {} } },
  { name: 'orders', path: '/api/orders/**', methods: ['POST'], allow: { mfa: { within: '1h' } } },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

const start = (t: Test, options: Parameters<typeof startStack>[1] = {}): Promise<Stack> =>
  startStack(t, { ...options, config: { routes, ...options.config } })

/** Fills in the second-factor page of the local Auth0. */
const passSecondFactor = (browser: Browser, page: Page, code = '123456'): Promise<Page> =>
  browser.submit(page.url, '/u/login/mfa', { code })

const sessionIdOf = async (stack: Stack, browser: Browser): Promise<string> =>
  JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text).session.id

t.test(
  'a navigation that lacks a second factor leads through the second factor and back, with a new session',
  async (t) => {
    const stack = await start(t)
    const { browser } = await stack.signIn()
    const before = await sessionIdOf(stack, browser)
    const cookieBefore = browser.cookiesOf(stack.url).get('stagedoor')

    const asked = await browser.open(`${stack.url}/api/admin/users?tab=1`)
    t.match(asked.text, 'Verify your identity')
    const page = await passSecondFactor(browser, asked)
    t.equal(page.status, 200)
    t.equal(page.url, `${stack.url}/api/admin/users?tab=1`)
    t.not(await sessionIdOf(stack, browser), before)
    t.not(browser.cookiesOf(stack.url).get('stagedoor'), cookieBefore)

    const again = await browser.fetch(`${stack.url}/api/admin/users`)
    t.equal(again.status, 200)
  },
)

t.test('the session before the step-up ends after a grace period for other tabs', async (t) => {
  let now = Date.now()
  const stack = await start(t, { now: () => now })
  const { browser } = await stack.signIn()
  const old = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
  await passSecondFactor(browser, await browser.open(`${stack.url}/api/admin/users`))
  now += 10_000
  const thief = createBrowser()
  thief.cookiesOf(stack.url).set('stagedoor', old)
  t.equal((await thief.fetch(`${stack.url}/api/x`)).status, 401)
})

t.test('the request to Auth0 asks for a second factor in acr_values, and for its age in max_age', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const authorize = async (path: string): Promise<URLSearchParams> => {
    const login = await browser.step(`${stack.url}${path}`)
    t.equal(login.status, 302)
    return new URL((await browser.step(login.location ?? '')).location ?? '').searchParams
  }
  const within = await authorize('/api/admin/users')
  t.equal(within.get('acr_values'), 'http://schemas.openid.net/pape/policies/2007/06/multi-factor')
  t.equal(within.get('max_age'), '900')
  const atAnyTime = await authorize('/api/vault/x')
  t.match(atAnyTime.get('acr_values'), 'multi-factor')
  t.notOk(atAnyTime.has('max_age'))
})

t.test('a login for a page without such a rule asks for no second factor', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const { location = '' } = await browser.step(
    `${stack.url}/.stagedoor/login?return_to=/catalog&login_hint=jane@example.com`,
  )
  t.notOk(new URL(location).searchParams.has('acr_values'))
  const orders = await browser.step(`${stack.url}/.stagedoor/login?return_to=/api/orders/1&login_hint=jane@example.com`)
  t.notOk(new URL(orders.location ?? '').searchParams.has('acr_values'), 'reading orders needs none')
})

t.test('a script gets the need for a second factor as JSON, and login_url leads through it', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const refused = await browser.fetch(`${stack.url}/api/orders/1`, { method: 'POST' })
  t.equal(refused.status, 401)
  const body = JSON.parse(refused.text)
  t.match(body, {
    code: 'STAGEDOOR_POLICY_STEP_UP_REQUIRED',
    reason: 'mfa-required',
    step_up: { acr_values: 'http://schemas.openid.net/pape/policies/2007/06/multi-factor', max_age: 3600 },
  })
  t.match(body.login_url, `${stack.url}/.stagedoor/login?return_to=`)
  t.notOk(refused.location)

  const page = await passSecondFactor(browser, await browser.open(body.login_url))
  t.equal(page.url, `${stack.url}/`)
  t.equal((await browser.fetch(`${stack.url}/api/orders/1`, { method: 'POST' })).status, 200)
})

t.test('a page can send the browser through a second factor and back', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const url = `${stack.url}/.stagedoor/step-up?for=${encodeURIComponent('/api/orders/1')}&return_to=${encodeURIComponent('/orders?new')}`
  const page = await passSecondFactor(browser, await browser.open(url))
  t.equal(page.url, `${stack.url}/orders?new`)
  const passed = await browser.step(url)
  t.equal(passed.location, `${stack.url}/orders?new`, 'it has been shown already')
})

t.test('the step-up page never redirects to another site', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const passed = await browser.step(`${stack.url}/.stagedoor/step-up?for=/x&return_to=https://evil.example/`)
  t.equal(passed.location, `${stack.url}/`)
  t.equal((await browser.step(`${stack.url}/.stagedoor/step-up`)).location, `${stack.url}/`)
})

t.test('a step-up without a session starts with a login', async (t) => {
  const stack = await start(t)
  const browser = createBrowser()
  const login = await passLoginPage(await browser.open(`${stack.url}/api/admin/users`), browser, 'jane@example.com')
  t.match(login.text, 'Verify your identity')
  t.equal((await passSecondFactor(browser, login)).url, `${stack.url}/api/admin/users`)
  t.equal((await createBrowser().fetch(`${stack.url}/.stagedoor/step-up`)).status, 401)
})

t.test('a person without the role is refused without a second factor', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn('max@example.com')
  const page = await browser.open(`${stack.url}/api/admin/users`)
  t.equal(page.status, 403)
  t.match(page.text, 'You need the role platform-admin and a second factor from the last 15m.')
})

t.test('a provider that skips the second factor leads to an error page, and the session stays as it was', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const login = await browser.step(`${stack.url}/api/admin/users`)
  const started = await browser.step(login.location ?? '')
  // So behaves a tenant without an Action for acr_values. A person can also remove the parameter.
  const stripped = new URL(started.location ?? '')
  stripped.searchParams.delete('acr_values')
  const page = await browser.open(stripped.href)
  t.equal(page.status, 403)
  t.match(page.text, 'STAGEDOOR_OIDC_STEP_UP_FAILED')
  t.equal((await browser.fetch(`${stack.url}/api/x`)).status, 200)
  t.equal((await browser.fetch(`${stack.url}/api/admin/users`)).status, 401)
})

t.test('a provider that sends no auth_time leads to an error page', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const login = await browser.step(`${stack.url}/api/admin/users`)
  const stripped = new URL((await browser.step(login.location ?? '')).location ?? '')
  stripped.searchParams.delete('max_age')
  const page = await passSecondFactor(browser, await browser.open(stripped.href))
  t.ok(page.status >= 400, String(page.status))
  t.equal((await browser.fetch(`${stack.url}/api/admin/users`)).status, 401)
})

t.test('a provider whose auth_time is too old leads to an error page', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  stack.auth0.switches.setClockOffsetSeconds(-1000)
  const page = await passSecondFactor(browser, await browser.open(`${stack.url}/api/admin/users`))
  t.equal(page.status, 403)
  t.match(
    stack.logged.filter(({ code }) => code === 'STAGEDOOR_OIDC_STEP_UP_FAILED'),
    [{ reason: 'too-long-ago' }],
  )
})

t.test('a declined second factor leads to an error page, and the session stays as it was', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const login = await browser.step(`${stack.url}/api/admin/users`)
  const { location = '' } = await browser.step(login.location ?? '')
  const state = new URL(location).searchParams.get('state') ?? ''
  const page = await browser.open(
    `${stack.url}/.stagedoor/callback?error=access_denied&error_description=declined&state=${state}`,
  )
  t.equal(page.status, 403)
  t.match(page.text, 'STAGEDOOR_OIDC_PROVIDER_REFUSED')
  t.equal((await browser.fetch(`${stack.url}/api/x`)).status, 200)
})

t.test('a wrong code is refused', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const page = await passSecondFactor(browser, await browser.open(`${stack.url}/api/admin/users`), '000000')
  t.match(page.text, 'The code is not valid.')
  t.equal((await browser.fetch(`${stack.url}/api/admin/users`)).status, 401)
})

t.test('an expired second factor is asked for again', async (t) => {
  let aheadMs = 0
  const stack = await start(t, { now: () => Date.now() + aheadMs })
  const { browser } = await stack.signIn()
  await passSecondFactor(browser, await browser.open(`${stack.url}/api/admin/users`))
  t.equal((await browser.fetch(`${stack.url}/api/admin/users`)).status, 200)
  aheadMs = 16 * 60_000
  t.equal((await browser.fetch(`${stack.url}/api/admin/users`)).status, 401)
  t.equal((await browser.fetch(`${stack.url}/api/vault/x`)).status, 200, 'where it may be of any age')
})

t.test('a step-up keeps the organization of the session', async (t) => {
  const stack = await start(t)
  const browser = createBrowser()
  await passLoginPage(
    await browser.open(`${stack.url}/.stagedoor/login?organization=org_demo`),
    browser,
    'jane@example.com',
  )
  await passSecondFactor(browser, await browser.open(`${stack.url}/api/admin/users`))
  t.equal(JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text).org_id, 'org_demo')
})

t.test('a form post that lacks a second factor gets a page with a link to the step-up', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const page = await browser.step(`${stack.url}/api/orders/1`, {
    method: 'POST',
    body: new URLSearchParams({ a: 'b' }),
  })
  t.equal(page.status, 401)
  t.match(page.text, 'STAGEDOOR_POLICY_STEP_UP_REQUIRED')
  t.match(page.text, /href="[^"]*\/\.stagedoor\/login\?return_to=[^"]*step-up/)
})
