import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const unseen: [string, Record<string, string>][] = [
  ['a prefetch', { 'sec-purpose': 'prefetch' }],
  ['a prerendering', { 'sec-purpose': 'prefetch;prerender' }],
  ['a prefetch of an older browser', { purpose: 'prefetch' }],
  ['an iframe', { 'sec-fetch-dest': 'iframe' }],
  ['an embedded object', { 'sec-fetch-dest': 'object' }],
]

for (const [what, headers] of unseen) {
  t.test(`${what} without a session gets 401 and starts no login`, async (t) => {
    const stack = await startStack(t)
    const browser = createBrowser()
    t.equal((await browser.step(`${stack.url}/catalog`, { headers })).status, 401)
    t.match(await browser.step(`${stack.url}/.stagedoor/login`, { headers }), { status: 400 })
    t.equal(browser.cookiesOf(stack.url).size, 0)
    t.equal(stack.auth0.tenant.lastAuthorize['state'], undefined)
  })

  t.test(`${what} with a session gets the page`, async (t) => {
    const stack = await startStack(t)
    const { browser } = await stack.signIn()
    t.equal((await browser.step(`${stack.url}/catalog`, { headers })).status, 200)
  })
}
