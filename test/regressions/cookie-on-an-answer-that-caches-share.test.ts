import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { startProgram } from '../endpoints/forward-auth/recipe.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import { freePort } from '../support/ports.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The upstream's Cache-Control by path. */
const answers = new Map<string, Record<string, string>>([
  ['/static/app.js', { 'cache-control': 'public, max-age=31536000, immutable' }],
  ['/static/unsaid.js', {}],
  ['/public-data', { 'cache-control': 'public, max-age=600' }],
  ['/expires', { expires: 'Fri, 01 Jan 2100 00:00:00 GMT' }],
  ['/accel', { 'cache-control': 'private', 'x-accel-expires': '600' }],
  ['/unsaid', {}],
  ['/private', { 'cache-control': 'private, max-age=600' }],
])

/** A cache that stores all assets and every other cacheable answer, and ignores cookies. */
const careless = (port: number, folder: string, stagedoor: string) => `
  daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {}
  http {
    access_log off;
    client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
    proxy_cache_path ${folder}/cache keys_zone=all:1m;
    proxy_cache all;
    proxy_cache_key $uri;
    add_header X-Cache $upstream_cache_status always;
    server {
      listen 127.0.0.1:${port};
      proxy_set_header Host localhost:${port};
      location ~* \\.(js|css|png)$ {
        proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
        proxy_cache_valid any 1h;
        proxy_pass http://${stagedoor};
      }
      location / {
        proxy_ignore_headers Set-Cookie Vary;
        proxy_cache_valid 200 1h;
        proxy_pass http://${stagedoor};
      }
    }
  }`

async function startCachedStack(t: Test, session: object = {}) {
  let now = Date.now()
  const port = await freePort()
  const stack = await startStack(t, {
    publicPort: port,
    now: () => now,
    config: { server: { baseUrl: `http://localhost:${port}` }, session, machines: { audiences: ['https://api'] } },
    upstream(request, response) {
      response.writeHead(200, { 'content-type': 'text/plain', ...answers.get(request.url ?? '') }).end('the answer')
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-cache-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, careless(port, folder, new URL(stack.directUrl).host))
  await startProgram(t, ['nginx', '-p', folder, '-c', file], folder, port)
  return { stack, pass: (ms: number) => void (now += ms) }
}

const setsSession = (headers: Headers): boolean =>
  headers.getSetCookie().some((cookie) => cookie.startsWith('stagedoor='))

/** Sends a request as a person whose session needs a new cookie, then one as a stranger. */
async function askBoth(stack: Stack, browser: Browser, path: string) {
  const own = await browser.fetch(`${stack.url}${path}`)
  const stranger = await createBrowser().fetch(`${stack.url}${path}`)
  return { own: own.headers, stranger: stranger.headers, status: own.status }
}

t.test('no answer that shared caches may store has our cookie, and a stranger never gets one', async (t) => {
  const { stack, pass } = await startCachedStack(t)
  const { browser } = await stack.signIn()
  let hits = 0
  for (const path of answers.keys()) {
    pass(7 * 60_000)
    const { own, stranger, status } = await askBoth(stack, browser, path)
    t.equal(status, 200, path)
    t.notOk(setsSession(stranger), `${path}: a stranger gets no cookie`)
    if (stranger.get('x-cache') === 'HIT') hits += 1
    if (setsSession(own)) t.match(own.get('cache-control'), 'no-store', `${path}: with the cookie it is private`)
    const next = await browser.fetch(`${stack.url}/api/next${hits}${path.replaceAll(/\W/g, '-')}`)
    t.ok(setsSession(own) || setsSession(next.headers), `${path}: what was held back comes with the next answer`)
  }
  t.ok(hits >= 4, `the cache is a careless one: ${hits} answers were shared`)
})

t.test('no cache stores our own answers that set a cookie or describe a person', async (t) => {
  const { stack, pass } = await startCachedStack(t)
  const { browser } = await stack.signIn()
  const endpoints = ['', 'me', 'token', 'jwks.json', 'machines/jwks.json', 'health/live', 'health/ready', 'auth']
  const pages = [
    'signed-in',
    'signed-out',
    'logout',
    'nothing-there',
    'admin/sessions',
    'callback',
    'login?return_to=/x',
  ]
  const paths = [...endpoints, ...pages].map((path) => `/.stagedoor/${path}`)
  for (const path of [...paths, '/.well-known/oauth-protected-resource']) {
    pass(7 * 60_000)
    const { headers, text } = await browser.fetch(`${stack.directUrl}${path}`, { headers: cookieOf(browser, stack) })
    const isPersonal = text.includes('jane')
    if (!setsSession(headers) && !isPersonal) continue
    t.match(headers.get('cache-control'), 'no-store', path)
  }
})

function cookieOf(browser: Browser, stack: Stack): Record<string, string> {
  return { cookie: `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}` }
}
