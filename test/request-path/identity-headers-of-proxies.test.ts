import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

/** Headers that Backstage's own providers read, and some that other services behind Backstage's proxy trust. */
const names = [
  'X-MS-TOKEN-AAD-ID-TOKEN',
  'X-MS-CLIENT-PRINCIPAL',
  'X-Goog-Iap-Jwt-Assertion',
  'X-Amzn-Oidc-Data',
  'Cf-Access-Jwt-Assertion',
  'X-Auth-Request-User',
  'X-Pomerium-Jwt-Assertion',
  'Remote-User',
  'REMOTE_USER',
  'X_MS_Token_AAD_Id_Token',
]
const forged = names.map((name) => `${name}: forged`).join('\r\n')

const ask = (url: string, lines: string, path = '/public/x') =>
  exchange(url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\nConnection: close\r\n\r\n`)

t.test('a client cannot claim an identity with the headers of other proxies', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const cookie = `Cookie: stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}\r\n`
  for (const [lines, path] of [
    [forged, '/public/x'],
    [cookie + forged, '/'],
  ] as const) {
    const answer = await ask(stack.url, lines, path)
    t.match(answer, /^HTTP\/1.1 200/)
    t.notMatch(answer, /forged/)
  }
})

t.test('an upgrade cannot carry the identity headers of other proxies either', async (t) => {
  const stack = await startStack(t)
  const before = stack.origin.seen.length
  const handshake = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  await exchange(
    stack.url,
    `GET /public/x HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\n${handshake}\r\n${forged}\r\n\r\n`,
  )
  const [seen] = stack.origin.seen.slice(before)
  t.ok(seen, 'the upgrade arrived')
  t.notMatch(JSON.stringify(seen?.headers), /forged/)
})

const passing = { trustedProxies: ['127.0.0.0/8'], passProxyHeaders: ['Cf-Access-Jwt-Assertion'] }

t.test('a trusted proxy may send only the headers in passProxyHeaders, in that spelling', async (t) => {
  const stack = await startStack(t, { config: { server: passing } })
  const lines = `cf-access-jwt-assertion: said-by-the-proxy\r\nCf_Access_Jwt_Assertion: forged\r\n`
  const rest = names.filter((name) => !name.startsWith('Cf')).map((name) => `${name}: forged`)
  const answer = await ask(stack.url, lines + rest.join('\r\n'))
  t.match(answer, /"cf-access-jwt-assertion":"said-by-the-proxy"/)
  t.notMatch(answer, /forged/)
})

t.test('a client that is no trusted proxy may not send the headers in passProxyHeaders', async (t) => {
  const stack = await startStack(t, { config: { server: { ...passing, trustedProxies: ['192.0.2.0/24'] } } })
  const answer = await ask(stack.url, forged)
  t.match(answer, /^HTTP\/1.1 200/)
  t.notMatch(answer, /forged/)
})
