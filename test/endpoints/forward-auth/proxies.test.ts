import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'

import { createBrowser } from '../../support/browser.ts'
import { exchange } from '../../support/raw.ts'
import { type Guarded, type Recipe, startGuarded } from './recipe.ts'

const nginx: Recipe = {
  file: 'nginx/forward-auth.conf',
  configure: (text, { port, stagedoor, service, folder }) => `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      ${text.replace('listen 80;', `listen 127.0.0.1:${port};`).replaceAll('127.0.0.1:8080', stagedoor).replaceAll('127.0.0.1:3000', service)}
    }`,
  command: (folder, file) => ['nginx', '-p', folder, '-c', file],
}

const caddy: Recipe = {
  file: 'caddy/Caddyfile',
  configure: (text, { port, stagedoor, service }) =>
    `{\n\tadmin off\n\tauto_https off\n}\n${text
      .replace(':80 {', `http://:${port} {\n\tbind 127.0.0.1`)
      .replaceAll('127.0.0.1:8080', stagedoor)
      .replaceAll('127.0.0.1:3000', service)}`,
  command: (_folder, file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'],
}

const haproxy: Recipe = {
  file: 'haproxy/haproxy.cfg',
  configure: (text, { port, stagedoor, service }) =>
    text
      .replace('/etc/haproxy/stagedoor.lua', new URL('../../../deploy/haproxy/stagedoor.lua', import.meta.url).pathname)
      .replace('bind :80', `bind 127.0.0.1:${port}`)
      .replaceAll('127.0.0.1:8080', stagedoor)
      .replaceAll('127.0.0.1:3000', service),
  command: (_folder, file) => ['haproxy', '-db', '-f', file],
}

/** Headers with which a client could try to have a different request decided. */
const spoofs: Record<string, string>[] = [
  { 'X-Original-URI': '/public/x', 'X-Original-Method': 'GET' },
  { 'X-Original-URL': 'http://localhost/public/x' },
  { 'X-Forwarded-Uri': '/public/x', 'X-Forwarded-Method': 'GET' },
  { 'X-Forwarded-Prefix': '/public' },
  { 'X-Rewrite-Url': '/public/x' },
  { 'X-Forwarded-Method': 'GET', 'X-Original-Method': 'GET' },
  { 'X-Forwarded-Host': 'docs.example.com', 'X-Forwarded-For': '10.0.0.1', 'X-Forwarded-Proto': 'https' },
  { X_Original_URI: '/public/x', X_Forwarded_Uri: '/public/x' },
]

const headersSeen = (text: string): Record<string, string> => JSON.parse(text).headers

for (const [name, recipe] of Object.entries({ nginx, caddy, haproxy })) {
  t.test(`forward-auth by the recipe for ${name}`, (t) => describe(t, recipe))
}

async function describe(t: Test, recipe: Recipe): Promise<void> {
  let now = Date.now()
  const guarded = await startGuarded(t, recipe, () => now)
  const { stack, service, url } = guarded

  await t.test('a page load leads through login and back, and the service gets the identity', async (t) => {
    const { browser, page } = await stack.signIn('jane@example.com', createBrowser(), '/catalog?a=%20b')
    t.match(page, { status: 200, url: `${url}/catalog?a=%20b` })
    const seen = headersSeen(page.text)
    t.match(decodeJwt(seen['x-stagedoor-assertion'] ?? ''), {
      email: 'jane@example.com',
      aud: 'urn:stagedoor:backstage',
    })
    t.match(seen['x-request-id'], /^[0-9a-f-]{36}$/)
    t.match(seen['traceparent'], /^00-/)
    t.notMatch(seen['cookie'] ?? '', /stagedoor/)
    t.equal(seen['authorization'], undefined)
    browser.cookiesOf(url).set('theme', 'dark')
    const headers = { authorization: 'Bearer backstage' }
    const again = headersSeen((await browser.fetch(`${url}/api/x`, { headers })).text)
    t.match(again, { cookie: 'theme=dark', authorization: 'Bearer backstage' })
  })

  await t.test('a body reaches the service', async (t) => {
    const { browser } = await stack.signIn()
    const answer = await browser.fetch(`${url}/api/x`, { method: 'POST', body: 'x'.repeat(100_000) })
    t.match(JSON.parse(answer.text), { method: 'POST', headers: { 'content-length': '100000' } })
  })

  await t.test('an anonymous script gets the login URL', async (t) => {
    const answer = await createBrowser().fetch(`${url}/api/x`)
    t.match(answer, { status: 401, location: undefined, text: /STAGEDOOR_POLICY_UNAUTHENTICATED/ })
    t.match(JSON.parse(answer.text).login_url, `${url}/.stagedoor/login`)
    t.match(answer.headers.get('www-authenticate'), /^Bearer resource_metadata=/, 'MCP clients find their login by it')
  })

  await t.test('a framed or prefetched page starts no login', async (t) => {
    for (const headers of [{ 'sec-fetch-dest': 'iframe' }, { 'sec-purpose': 'prefetch' }, { purpose: 'prefetch' }]) {
      t.match(await createBrowser().step(`${url}/x`, { headers }), { status: 401, location: undefined })
    }
    t.match(await createBrowser().step(`${url}/x`), { status: 302 })
  })

  await t.test('a page at another host of the domain cannot change anything with a person’s session', async (t) => {
    const { browser } = await stack.signIn()
    const asked = service.seen.length
    const headers = { 'sec-fetch-site': 'same-site' }
    const answer = await browser.fetch(`${url}/api/x`, { method: 'POST', headers })
    t.match(answer, { status: 403, text: /STAGEDOOR_SESSION_CROSS_SITE/ })
    t.equal(service.seen.length, asked)
  })

  await t.test('a denied person gets a refusal page, and the service gets no request', async (t) => {
    const { browser } = await stack.signIn('max@example.com')
    const asked = service.seen.length
    t.match(await browser.step(`${url}/admin/x`), { status: 403, text: /<html[\s\S]*STAGEDOOR_POLICY_DENIED/ })
    t.match(await browser.fetch(`${url}/read-only/x`, { method: 'POST' }), { status: 403 })
    t.equal(service.seen.length, asked)
    t.match(await browser.fetch(`${url}/read-only/x`), { status: 200 })
  })

  await t.test('a forged identity never reaches the service', (t) => refusesForgery(t, guarded))
  await t.test('headers of a client about its request change nothing', (t) => ignoresSpoofs(t, guarded))

  await t.test('clients cannot read the answers meant for the proxy', async (t) => {
    const { browser } = await stack.signIn()
    const spoof = { 'x-original-uri': '/', 'x-original-method': 'GET' }
    for (const path of ['', '/', '/a', '?x', '/../auth', '/%2e']) {
      for (const headers of [spoof, {}]) {
        const answer = await browser.fetch(`${url}/.stagedoor/auth${path}`, { headers })
        t.ok(answer.status >= 400, `${path} ${answer.status}`)
        t.equal(answer.headers.get('x-stagedoor-assertion'), null)
      }
    }
    const cookie = [...browser.cookiesOf(url)].map(([key, value]) => `${key}=${value}`).join('; ')
    for (const target of [
      '//.stagedoor/auth',
      '/.stagedoor//auth',
      '/.stagedoor/%61uth',
      '/x/../.stagedoor/auth',
      '/.STAGEDOOR/auth',
    ]) {
      const answer = await raw(url, target, [`Cookie: ${cookie}`, 'X-Forwarded-Uri: /', 'X-Forwarded-Method: GET'])
      t.notMatch(answer.split('\r\n\r\n')[0], /^x-stagedoor-assertion/im, target)
    }
  })

  await t.test('paths that servers read differently are refused', async (t) => {
    for (const target of [
      '/public/../admin/x',
      '/public/%2e%2e/admin/x',
      '/public//../admin/x',
      '/public/..;/admin/x',
    ]) {
      const asked = service.seen.length
      const answer = await raw(url, target, [])
      t.notMatch(answer, /^HTTP\/1.1 2/, target)
      t.equal(service.seen.length, asked, target)
    }
  })

  await t.test('a session that is due for renewal gets its new cookie', async (t) => {
    const { browser } = await stack.signIn()
    const before = browser.cookiesOf(url).get('stagedoor')
    now += 30 * 60_000
    const answer = await browser.fetch(`${url}/api/x`)
    t.equal(answer.status, 200)
    t.not(browser.cookiesOf(url).get('stagedoor'), before)
    t.equal((await browser.fetch(`${url}/api/x`)).status, 200)
  })

  await t.test('while Stagedoor is down every request is refused', async (t) => {
    await stack.app.close()
    const asked = service.seen.length
    t.ok((await createBrowser().fetch(`${url}/public/x`)).status >= 500)
    t.equal(service.seen.length, asked)
  })
}

async function refusesForgery(t: Test, { stack, url }: Guarded): Promise<void> {
  const names = ['X-Stagedoor-Assertion', 'X_Stagedoor_Assertion', 'X-Forwarded-User', 'X-OAuth2-Proxy-Id-Token']
  const others = [
    'X-MS-TOKEN-AAD-ID-TOKEN',
    'X-MS-CLIENT-PRINCIPAL',
    'X-Auth-Request-User',
    'Remote-User',
    'Remote_User',
  ]
  const forged = Object.fromEntries([...names, ...others].map((name) => [name, 'forged']))
  const stranger = await createBrowser().fetch(`${url}/public/x`, { headers: forged })
  t.equal(stranger.status, 200)
  // A variable of the proxy that was not interpolated would show braces or a dollar.
  t.notMatch(stranger.text, /forged|[{$](?:http|stagedoor)/)
  const { browser } = await stack.signIn()
  const known = await browser.fetch(`${url}/public/x`, { headers: forged })
  t.notMatch(known.text, /forged/)
  t.equal(decodeJwt(headersSeen(known.text)['x-stagedoor-assertion'] ?? '')['email'], 'jane@example.com')
}

async function ignoresSpoofs(t: Test, { stack, service, url }: Guarded): Promise<void> {
  const { browser } = await stack.signIn('max@example.com')
  for (const headers of spoofs) {
    const asked = service.seen.length
    const names = Object.keys(headers).join(', ')
    t.equal((await browser.fetch(`${url}/admin/x`, { headers })).status, 403, names)
    t.equal((await browser.fetch(`${url}/read-only/x`, { method: 'POST', headers })).status, 403, names)
    t.equal((await createBrowser().fetch(`${url}/host/x`, { headers })).status, 401, names)
    t.equal(service.seen.length, asked, names)
    t.equal((await createBrowser().fetch(`${url}/public/x`, { headers })).status, 200, names)
  }
  const asked = service.seen.length
  const headers = { 'X-HTTP-Method-Override': 'DELETE' }
  t.equal(
    (await browser.fetch(`${url}/public/x`, { method: 'POST', headers })).status,
    403,
    'another method by a header',
  )
  t.equal(service.seen.length, asked)
}

/** Sends a target unchanged, which no URL parser would do. */
function raw(url: string, target: string, headers: readonly string[]): Promise<string> {
  const lines = [`GET ${target} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers, 'Connection: close', '', '']
  return exchange(url, lines.join('\r\n'))
}
