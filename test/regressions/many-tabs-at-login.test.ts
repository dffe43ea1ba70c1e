import t from 'tap'

import { type Browser, createBrowser, type Page } from '../support/browser.ts'
import { type Stack, passLoginPage, startStack } from '../support/stack.ts'

const cookieBytes = (browser: Browser, url: string): number =>
  [...browser.cookiesOf(url)].map(([name, value]) => `${name}=${value}; `).join('').length

/** A browser restores its tabs: all send requests at once, and each starts its own login at the provider. */
function startLogins(stack: Stack, browser: Browser, paths: readonly string[]): Promise<string[]> {
  return Promise.all(
    paths.map(async (path) => {
      const { location = '' } = await browser.step(stack.url + path)
      return (await browser.step(location)).location ?? ''
    }),
  )
}

/** The person signs in in the visible tab. The provider's session then serves the other tabs. */
async function finishLogins(browser: Browser, [first = '', ...others]: readonly string[]): Promise<Page[]> {
  const page = await passLoginPage(await browser.open(first), browser, 'jane@example.com')
  return [page, ...(await Promise.all(others.map((url) => browser.open(url))))]
}

const scenes: [string, number, (i: number) => string][] = [
  ['12 tabs with long URLs', 12, (i) => `/catalog/tab-${i}?filters=${'x'.repeat(1_900)}`],
  ['60 tabs with short URLs', 60, (i) => `/tab-${i}`],
]
for (const [what, count, pathOf] of scenes) {
  t.test(`${what} set five small login cookies, and all tabs end at their page or at the portal`, async (t) => {
    const stack = await startStack(t)
    const browser = createBrowser()
    const paths = Array.from({ length: count }, (_, i) => pathOf(i))
    const logins = await startLogins(stack, browser, paths)
    const names = [...browser.cookiesOf(stack.url).keys()].filter((name) => name.startsWith('stagedoor-tx.'))
    t.ok(names.length <= 5, `${names.length} login cookies`)
    t.ok(cookieBytes(browser, stack.url) < 4_096, `${cookieBytes(browser, stack.url)} bytes of cookies`)

    for (const [i, page] of (await finishLogins(browser, logins)).entries()) {
      t.equal(page.status, 200, `tab ${i}: ${page.url.slice(0, 80)}`)
      t.ok([stack.url + paths[i], `${stack.url}/`].includes(page.url), `tab ${i} is at ${page.url.slice(0, 80)}`)
    }
    t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
    t.ok(cookieBytes(browser, stack.url) < 16_384)
  })
}

t.test('a callback does not affect the login of another tab that replaced its own', async (t) => {
  const stack = await startStack(t)
  const browser = createBrowser()
  const logins: string[] = []
  for (let i = 0; i < 6; i++)
    logins.push((await browser.step(`${stack.url}/.stagedoor/login?return_to=/tab-${i}`)).location ?? '')
  const state = new URL(logins[0] ?? '').searchParams.get('state') ?? ''
  const before = new Map(browser.cookiesOf(stack.url))
  await browser.step(`${stack.url}/.stagedoor/callback?code=x&state=${state}`)
  for (const [name, value] of before) {
    if (name.startsWith('stagedoor-tx.')) t.equal(browser.cookiesOf(stack.url).get(name), value, name)
  }
})
