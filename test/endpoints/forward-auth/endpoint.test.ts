import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'

import { createBrowser } from '../../support/browser.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const routes = [
  { name: 'public', path: '/public/**', allow: 'public' },
  { name: 'admin', path: '/admin/**', allow: { roles: ['platform-admin'] } },
  { name: 'docs', path: '/docs/**', methods: ['GET'], allow: 'authenticated', upstream: 'docs' },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

const start = (t: Test, trustedProxies: string[] = ['127.0.0.0/8']): Promise<Stack> =>
  startStack(t, { config: { server: { trustedProxies }, upstreams: { docs: { url: 'http://127.0.0.1:9' } }, routes } })

const nginx = (method: string, uri: string) => ({ 'x-original-method': method, 'x-original-uri': uri })
const traefik = (method: string, uri: string) => ({ 'x-forwarded-method': method, 'x-forwarded-uri': uri })

t.test('a signed-in person passes with an assertion for the rule’s upstream', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const ask = (headers: Record<string, string>) => browser.fetch(`${stack.url}/.stagedoor/auth`, { headers })
  const portal = await ask(nginx('POST', '/api/x?y=1'))
  t.match(portal, { status: 204, text: '' })
  t.match(portal.headers.get('cache-control'), 'no-store')
  t.match(decodeJwt(portal.headers.get('x-stagedoor-assertion') ?? ''), {
    aud: 'urn:stagedoor:backstage',
    email: 'jane@example.com',
  })
  const docs = await ask(traefik('GET', '/docs/a'))
  t.equal(decodeJwt(docs.headers.get('x-stagedoor-assertion') ?? '')['aud'], 'urn:stagedoor:docs')
  t.match(stack.records().slice(-2), [
    { event: 'decision', method: 'POST', path: '/api/x', rule: 'everything', outcome: 'allow', status: 204 },
    { event: 'decision', method: 'GET', path: '/docs/a', rule: 'docs', outcome: 'allow', status: 204 },
  ])
})

t.test('our cookie is removed for the upstream, and other credentials stay', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  browser.cookiesOf(stack.url).set('theme', 'dark')
  const answer = await browser.fetch(`${stack.url}/.stagedoor/auth`, {
    headers: { ...traefik('GET', '/'), authorization: 'Bearer backstage' },
  })
  t.equal(answer.headers.get('cookie'), 'theme=dark')
  t.equal(answer.headers.get('authorization'), 'Bearer backstage')
})

t.test('a public rule lets an anonymous caller pass without an assertion', async (t) => {
  const stack = await start(t)
  const answer = await createBrowser().fetch(`${stack.url}/.stagedoor/auth`, {
    headers: { ...nginx('GET', '/public/x'), 'x-stagedoor-assertion': 'forged' },
  })
  t.equal(answer.status, 204)
  t.equal(answer.headers.get('x-stagedoor-assertion'), null)
})

t.test('Envoy asks below the endpoint with the original method, and gets a 200', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const answer = await browser.fetch(`${stack.url}/.stagedoor/auth/api/x?y`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  t.match(answer, { status: 200, text: '' })
  t.ok(answer.headers.get('x-stagedoor-assertion'))
  const refused = await browser.fetch(`${stack.url}/.stagedoor/auth/docs/a`, { method: 'POST' })
  // The rule for docs covers GET. The next one covers the rest and sends it to the portal.
  t.equal(decodeJwt(refused.headers.get('x-stagedoor-assertion') ?? '')['aud'], 'urn:stagedoor:backstage')
})

t.test('an anonymous page load leads through login back to the page, with every proxy', async (t) => {
  const stack = await start(t)
  const stranger = createBrowser()
  const url = `${stack.url}/.stagedoor/auth`
  const login = `${stack.url}/.stagedoor/login?return_to=%2Fcatalog%3Fa%3D1`
  const relayed = await stranger.step(url, { headers: traefik('GET', '/catalog?a=1') })
  t.match(relayed, { status: 302, location: login })
  const read = await stranger.step(url, { headers: nginx('GET', '/catalog?a=1') })
  t.match(read, { status: 401, location: login })
  const below = await stranger.step(`${url}/catalog?a=1`)
  t.match(below, { status: 302, location: login })
})

t.test('an anonymous script gets the login URL without a redirect', async (t) => {
  const stack = await start(t)
  for (const headers of [nginx('GET', '/api/x'), traefik('POST', '/api/x')]) {
    const answer = await createBrowser().fetch(`${stack.url}/.stagedoor/auth`, { headers })
    t.match(answer, { status: 401, location: undefined })
    t.match(JSON.parse(answer.text), { code: 'STAGEDOOR_POLICY_UNAUTHENTICATED', login_url: /\/\.stagedoor\/login/ })
  }
})

t.test('a denied person gets a 403', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn('max@example.com')
  for (const headers of [nginx('GET', '/admin/x'), traefik('GET', '/admin/x')]) {
    const answer = await browser.fetch(`${stack.url}/.stagedoor/auth`, { headers })
    t.match(answer, { status: 403, text: /STAGEDOOR_POLICY_DENIED/ })
    t.equal(answer.headers.get('x-stagedoor-assertion'), null)
  }
})

t.test('only a trusted proxy may use the endpoint', async (t) => {
  const stack = await start(t, ['10.0.0.0/8'])
  const url = `${stack.url}/.stagedoor/auth`
  for (const [at, headers] of [
    [url, nginx('GET', '/public/x')],
    [url, traefik('GET', '/public/x')],
    [`${url}/public/x`, {}],
  ] as const) {
    const answer = await createBrowser().fetch(at, { headers })
    t.match(answer, { status: 403, text: /STAGEDOOR_BOUNDARY_UNTRUSTED_PROXY/ })
  }
})

t.test('an ambiguous original request is refused', async (t) => {
  const stack = await start(t)
  const url = `${stack.url}/.stagedoor/auth`
  for (const [at, headers] of [
    [url, {}],
    [url, { ...nginx('GET', '/admin/x'), ...traefik('GET', '/public/x') }],
    [`${url}/admin/x`, traefik('GET', '/public/x')],
    [url, { 'x-original-uri': '/public/x' }],
  ] as const) {
    const answer = await createBrowser().fetch(at, { headers })
    t.match(answer, { status: 403, text: /STAGEDOOR_BOUNDARY_FORWARDED_REQUEST_UNCLEAR/ })
  }
})

for (const uri of [
  '/public/../admin/x',
  '/public//x',
  '/public/%2e%2e/admin',
  '/public;/x',
  'http://a/public/x',
  '/a b',
]) {
  t.test(`an original path that two servers could read differently is refused: ${uri}`, async (t) => {
    const stack = await start(t)
    for (const headers of [nginx('GET', uri), traefik('GET', uri)]) {
      const answer = await createBrowser().fetch(`${stack.url}/.stagedoor/auth`, { headers })
      t.match(answer, { status: 403, text: /STAGEDOOR_BOUNDARY_FORWARDED_PATH_NOT_CANONICAL/ })
    }
  })
}

t.test('the host is the original one that the trusted proxy reports', async (t) => {
  const stack = await start(t)
  const answer = await createBrowser().fetch(`${stack.url}/.stagedoor/auth`, {
    headers: { ...nginx('GET', '/public/x'), 'x-forwarded-host': 'Docs.example.com' },
  })
  t.equal(answer.status, 204)
  t.match(stack.records().at(-1), { host: 'docs.example.com', path: '/public/x' })
})

t.test('a page of another site cannot open a WebSocket with a person’s session', async (t) => {
  const stack = await start(t)
  const { browser } = await stack.signIn()
  const ask = (origin: string) =>
    browser.fetch(`${stack.url}/.stagedoor/auth`, {
      headers: { ...nginx('GET', '/api/signals'), 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', origin },
    })
  t.match(await ask('https://evil.example'), { status: 403, text: /STAGEDOOR_PROXY_ORIGIN_REFUSED/ })
  t.equal((await ask(stack.url)).status, 204)
})

t.test('a session that is due for renewal gets its new cookie through the proxy', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, {
    now: () => now,
    config: { server: { trustedProxies: ['127.0.0.0/8'] } },
  })
  const { browser } = await stack.signIn()
  const before = browser.cookiesOf(stack.url).get('stagedoor')
  now += 30 * 60_000
  const answer = await browser.fetch(`${stack.url}/.stagedoor/auth`, { headers: nginx('GET', '/') })
  t.equal(answer.status, 204)
  t.match(answer.headers.getSetCookie(), [/^stagedoor=/])
  t.equal(answer.headers.get('x-stagedoor-set-cookie-1'), answer.headers.getSetCookie()[0])
  t.not(browser.cookiesOf(stack.url).get('stagedoor'), before)
})
