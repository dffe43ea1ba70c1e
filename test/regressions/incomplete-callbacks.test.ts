import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { passLoginPageUntilCallback, startStack } from '../support/stack.ts'

type Change = (query: URLSearchParams) => void

const callbacks: [string, Change][] = [
  ['no code and no error', (query) => query.delete('code')],
  ['an empty code', (query) => query.set('code', '')],
  ['two codes', (query) => query.append('code', 'another')],
  ['an issuer that is not ours', (query) => query.set('iss', 'https://evil.example/')],
  ['an issuer given twice', (query) => (query.append('iss', 'a'), query.append('iss', 'b'))],
  ['an empty issuer', (query) => query.set('iss', '')],
]
/** Parameters outside of the code flow, which nothing reads. */
const ignored: [string, Change][] = [
  ['an answer of the implicit flow', (query) => query.set('id_token', 'x')],
  ['an access token', (query) => query.set('access_token', 'x')],
  ['an answer as a JWT', (query) => query.set('response', 'x.y.z')],
  ['a session state', (query) => query.set('session_state', 'x')],
  ['names that every object has', (query) => (query.set('__proto__', 'x'), query.set('constructor', 'x'))],
]

for (const [what, change] of callbacks) {
  t.test(`a callback with ${what} is a client error: the page offers a new start`, async (t) => {
    const { page, browser, stack, calls } = await comeBack(t, change)
    t.match(page, { status: 400, text: /STAGEDOOR_OIDC_BAD_CALLBACK/ })
    t.match(page.text, /href="\/"/)
    t.notOk(browser.cookiesOf(stack.url).has('stagedoor'))
    t.equal(calls, 0, 'the provider is not asked')
  })
}

for (const [what, change] of ignored) {
  t.test(`a callback with a valid code and ${what} completes the login`, async (t) => {
    t.match((await comeBack(t, change)).page, { status: 200 })
  })
}

t.test('a provider that promises its issuer in callbacks must send it', async (t) => {
  const withIssuer = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const response = await fetch(input, init)
    if (!String(input instanceof Request ? input.url : input).includes('.well-known/openid-configuration'))
      return response
    const metadata = (await response.json()) as object
    return Response.json({ ...metadata, authorization_response_iss_parameter_supported: true })
  }
  t.match((await comeBack(t, () => {}, withIssuer)).page, { status: 400, text: /STAGEDOOR_OIDC_BAD_CALLBACK/ })
})

async function comeBack(t: Parameters<typeof startStack>[0], change: Change, through: typeof fetch = fetch) {
  const stack = await startStack(t, { fetch: through })
  const browser = createBrowser()
  const callback = new URL(await passLoginPageUntilCallback(stack.url, await browser.open(stack.url), browser))
  change(callback.searchParams)
  const before = stack.auth0.tenant.counters.tokenAuthorizationCode
  const page = await browser.open(callback.href)
  return { page, browser, stack, calls: stack.auth0.tenant.counters.tokenAuthorizationCode - before }
}
