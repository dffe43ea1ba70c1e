import t from 'tap'

import { type Browser, createBrowser } from '../support/browser.ts'
import { type Stack, passLoginPage, passLoginPageUntilCallback, startStack } from '../support/stack.ts'

async function untilCallback(stack: Stack, browser: Browser): Promise<string> {
  return passLoginPageUntilCallback(stack.url, await browser.open(`${stack.url}/catalog`), browser)
}

t.test('concurrent logins in three tabs each return to the page where they started', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const paths = ['/one', '/two', '/three']
  const providerUrls: string[] = []
  for (const path of paths) {
    const { location = '' } = await browser.step(stack.url + path)
    providerUrls.push((await browser.step(location)).location ?? '')
  }
  // The first tab signs in. The provider then has a session for the others, whose logins are pending.
  for (const [i, providerUrl] of providerUrls.entries()) {
    const last = await passLoginPage(await browser.open(providerUrl), browser, 'jane@example.com')
    t.match(last, { status: 200, url: `${stack.url}${paths[i]}` })
  }
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
})

t.test('requests of other tabs succeed while a second login of the same person replaces the session', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const before = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
  await browser.open(`${stack.url}/.stagedoor/login?login_hint=jane@example.com`)
  t.equal((await createBrowser().fetch(`${stack.url}/`, { headers: { cookie: before } })).status, 200)
})

t.test('the back button to the callback shows that the person is signed in and links to the portal', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const callback = await untilCallback(stack, browser)
  await browser.open(callback)
  const page = await browser.open(callback)
  t.match(page, { status: 200, url: callback, text: /You are signed in already/ })
  t.match(page.text, /href="\/"/)
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200, 'and nothing has ended')
})

t.test('a bookmarked login page shows that the person is signed in and links to the portal', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const page = await browser.open(`${stack.url}/.stagedoor/login`)
  t.match(page, { status: 200, text: /You are signed in already/ })
  t.match(page.text, /href="\/"/)
})

t.test('a login link with return_to replaces a session that still lasts', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const before = browser.cookiesOf(stack.url).get('stagedoor')
  const page = await browser.open(`${stack.url}/.stagedoor/login?return_to=%2Fcatalog`)
  t.match(page, { status: 200, url: `${stack.url}/catalog` })
  t.not(browser.cookiesOf(stack.url).get('stagedoor'), before)
})

t.test('a login that took too long restarts once by itself and succeeds', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, { now: () => now })
  const browser = createBrowser()
  const callback = await untilCallback(stack, browser)
  now += 600_001
  t.match(await browser.open(callback), { status: 200, url: `${stack.url}/catalog` })
})

t.test('a login whose cookie is missing restarts once, and then shows an explanation', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const callback = await untilCallback(stack, browser)
  const stray = async () => {
    const jar = browser.cookiesOf(stack.url)
    for (const name of jar.keys()) if (name.startsWith('stagedoor-tx')) jar.delete(name)
    return browser.step(callback)
  }
  const again = `${stack.url}/.stagedoor/login?return_to=%2Fcatalog`
  t.match(await stray(), { status: 302, location: again })
  await browser.step(again)
  t.match(await stray(), { status: 400, text: /STAGEDOOR_OIDC_TRANSACTION_MISSING/ })
})

t.test('a foreign state is refused with a page, signed in or not', async (t) => {
  const stack = await startStack(t)
  const foreign = `${stack.url}/.stagedoor/callback?code=x&state=foreign`
  t.match(await createBrowser().open(foreign), { status: 400, text: /STAGEDOOR_OIDC_STATE_MISMATCH/ })
  const { browser } = await stack.signIn()
  t.match(await browser.open(foreign), { status: 200, text: /You are signed in already/ })
})

t.test(
  'a browser that does not keep the session cookie gets an explanation after two rounds, and may try again',
  async (t) => {
    const stack = await startStack(t)
    const browser = createBrowser()
    const forget = (): void => void browser.cookiesOf(stack.url).delete('stagedoor')
    await stack.signIn('jane@example.com', browser)
    forget()
    t.match(await browser.open(`${stack.url}/catalog`), { status: 200 }, 'once more')
    forget()
    const page = await browser.open(`${stack.url}/catalog`)
    t.match(page, { status: 400, text: /STAGEDOOR_OIDC_SESSION_NOT_KEPT/ })
    t.match(
      stack.logged.find(({ code }) => code === 'STAGEDOOR_OIDC_SESSION_NOT_KEPT'),
      { reason: 'cookie-not-sent' },
    )
    t.match(await browser.open(`${stack.url}/catalog`), { status: 200 })
  },
)

t.test('the log distinguishes a session cookie that does not open from a missing one', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  for (let i = 0; i < 3; i++) {
    await stack.signIn('jane@example.com', browser)
    browser.cookiesOf(stack.url).set('stagedoor', 'sealed-by-somebody-else')
  }
  t.ok(stack.logged.some(({ reason }) => reason === 'cookie-not-accepted'))
})

t.test('a quick sign-out and sign-in is not mistaken for a browser without cookies', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', {})
  t.equal((await stack.signIn('jane@example.com', browser)).page.status, 200)
})
