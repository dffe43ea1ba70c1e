import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { passLoginPageUntilCallback, startStack } from '../support/stack.ts'

const routes = [
  { name: 'admin', path: '/admin/**', allow: { roles: ['platform-admin'] }, title: 'Platform administration' },
  { name: 'safe', path: '/safe/**', allow: { mfa: {} }, title: 'Safe' },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

t.test('the account page shows a person what they can reach, and why not', async (t) => {
  const stack = await startStack(t, { config: { routes, pages: { name: 'Developer portal' } } })
  const { browser: jane } = await stack.signIn('jane@example.com')
  t.match(await jane.open(`${stack.url}/.stagedoor/`), {
    status: 200,
    text: /Developer portal[^]*<a href="\/admin">Platform/,
  })
  const { browser: max } = await stack.signIn('max@example.com')
  const page = await max.open(`${stack.url}/.stagedoor/`)
  t.match(page.text, /Platform administration[^]*You need the role platform-admin\./)
  t.match(page.text, /href="\/safe">Confirm with a second factor/)
  t.notMatch(page.text, 'Console')
})

t.test('a person can end one or all of their other sessions, and never a session of another person', async (t) => {
  const stack = await startStack(t)
  const { browser: here } = await stack.signIn('jane@example.com')
  const { browser: phone } = await stack.signIn('jane@example.com')
  const { browser: laptop } = await stack.signIn('jane@example.com')
  const { browser: max } = await stack.signIn('max@example.com')
  const isIn = async (browser: typeof here) => (await browser.fetch(`${stack.url}/.stagedoor/me`)).status === 200
  const idOf = async (browser: typeof here) =>
    JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text).session.id
  const account = `${stack.url}/.stagedoor/`

  const ended = await here.submit(account, '/.stagedoor/sessions/end', { session: await idOf(phone) })
  t.match(ended, { status: 200, text: /One session has been ended\./ })
  t.same([await isIn(here), await isIn(phone), await isIn(laptop)], [true, false, true])

  const foreign = await here.submit(account, '/.stagedoor/sessions/end', { session: await idOf(max) })
  t.match(foreign, { status: 400, text: /STAGEDOOR_ACCOUNT_BAD_REQUEST/ })
  t.match(await here.submit(account, '/.stagedoor/sessions/end', {}), { status: 400 })
  t.ok(await isIn(max))

  await here.submit(account, '/.stagedoor/sessions/end', { others: 'true' })
  t.same([await isIn(here), await isIn(laptop), await isIn(max)], [true, false, true])
})

t.test('the account page lists sessions with the device and the address where each began', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const callback = await passLoginPageUntilCallback(stack.url, await browser.open(`${stack.url}/`), browser)
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  t.equal((await browser.step(callback, { headers: { 'user-agent': firefox } })).status, 302)
  const { browser: other } = await stack.signIn()
  t.match((await other.open(`${stack.url}/.stagedoor/`)).text, /Firefox on Linux[^]{0,200}127\.0\.0\.1/)
})

t.test('pages tell browsers where to report violations of the content security policy, if configured', async (t) => {
  const reports = 'https://reports.example.com/csp'
  const stack = await startStack(t, { config: { pages: { reports } } })
  const { browser } = await stack.signIn()
  const page = await browser.open(`${stack.url}/.stagedoor/`)
  t.match(page.headers.get('content-security-policy'), `report-uri ${reports}`)
})

t.test('requests from another site or without a session cannot end sessions', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const body = new URLSearchParams({ others: 'true' })
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  t.match(await browser.step(`${stack.url}/.stagedoor/sessions/end`, { method: 'POST', body, headers }), {
    status: 403,
  })
  const own = { origin: stack.url, 'sec-fetch-site': 'same-origin' }
  const stranger = await createBrowser().fetch(`${stack.url}/.stagedoor/sessions/end`, {
    method: 'POST',
    body,
    headers: own,
  })
  t.equal(stranger.status, 401)
})

t.test(
  'a refused person can use another account: Auth0 asks for a login and returns to the refused page',
  async (t) => {
    const stack = await startStack(t, { config: { routes } })
    const { browser } = await stack.signIn('max@example.com')
    const refused = await browser.open(`${stack.url}/admin/x`)
    t.match(refused, { status: 403, text: /Use another account/ })
    const login = await browser.submit(refused.url, '/.stagedoor/logout', { next: 'login', return_to: '/admin/x' })
    t.match(login.text, 'name="password"', 'the login service does not remember the person')
    t.equal((await browser.fetch(`${stack.url}/.stagedoor/me`)).status, 401)
    const page = await browser.submit(login.url, '/u/login', { username: 'jane@example.com', password: 'stagedoor' })
    t.match(page, { status: 200, url: `${stack.url}/admin/x` })
  },
)

t.test('the refusal page offers no button back to the refused page', async (t) => {
  const nobody = [{ name: 'nothing', path: '/**', allow: { roles: ['nobody-has-this'] } }]
  const stack = await startStack(t, { config: { routes: nobody } })
  const { page } = await stack.signIn('max@example.com')
  t.match(page, { status: 403, url: `${stack.url}/` })
  t.notMatch(page.text, 'Go to the portal')
})

t.test('a refusal page links to the portal only if the person has access to it', async (t) => {
  const closed = [
    { name: 'front', path: '/', allow: { roles: ['platform-admin'] } },
    { name: 'nothing', path: '/**', allow: { roles: ['nobody-has-this'] } },
  ]
  const stack = await startStack(t, { config: { routes: closed } })
  const { page: maxSees } = await stack.signIn('max@example.com', createBrowser(), '/elsewhere')
  t.match(maxSees, { status: 403, text: /My account[^]*Use another account/ })
  t.notMatch(maxSees.text, 'Go to the portal')
  const { page: janeSees } = await stack.signIn('jane@example.com', createBrowser(), '/elsewhere')
  t.match(janeSees, { status: 403, text: /Go to the portal/ })
})

t.test('the signed-out page redirects a signed-in person to their account page', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  t.match(await browser.open(`${stack.url}/.stagedoor/signed-out`), {
    url: `${stack.url}/.stagedoor/`,
    text: /My account/,
  })
  t.match(await createBrowser().open(`${stack.url}/.stagedoor/signed-out`), { text: /Your session has ended/ })
})
