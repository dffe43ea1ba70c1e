import t from 'tap'

import type { UpstreamIdentity } from '../../src/assertion/upstream-identity.ts'
import { createIsOwnCookie } from '../../src/proxy/own-cookies.ts'
import { upstreamHeaders } from '../../src/proxy/request-headers.ts'
import { facts, linesOf, traceparent } from './support.ts'

const isOwnCookie = createIsOwnCookie(true)

const ours = [
  'host: portal.example.com',
  'x-forwarded-for: 203.0.113.7',
  'x-forwarded-proto: https',
  'x-forwarded-host: portal.example.com',
  'x-forwarded-port: 443',
  'x-request-id: request-1',
  `traceparent: ${traceparent}`,
]

/** The headers that reach the upstream besides our own. Checks that ours are there. */
function copied(
  rawHeaders: string[],
  more: { connection?: string; hasBody?: boolean; identity?: UpstreamIdentity } = {},
) {
  const { connection, hasBody = false, identity } = more
  const lines = linesOf(upstreamHeaders({ rawHeaders, connection, hasBody }, facts, identity, isOwnCookie))
  const missing = ours.filter((line) => !lines.includes(line)).map((line) => `missing ${line}`)
  return [...missing, ...lines.filter((line) => !ours.includes(line))]
}

t.test('headers of the client are copied in their order, duplicates and bytes included', async (t) => {
  t.same(copied(['Accept', '*/*', 'X-A', '1', 'x-a', '2', 'X-Name', 'J\u00fcrgen']), [
    'accept: */*',
    'x-a: 1',
    'x-a: 2',
    'x-name: J\u00fcrgen',
  ])
})

t.test('hop-by-hop headers are not forwarded', async (t) => {
  const names = ['Connection', 'Keep-Alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings']
  const proxyNames = ['Proxy-Authorization', 'Proxy-Authenticate', 'Proxy-Connection']
  t.same(copied([...names, ...proxyNames].flatMap((name) => [name, 'x'])), [])
})

t.test('headers that Connection names are not forwarded', async (t) => {
  const rawHeaders = ['X-Hop', '1', 'Connection', 'close, X-Hop,x-other', 'X-Other', '2', 'X-Kept', '3']
  t.same(copied(rawHeaders, { connection: 'close, X-Hop,x-other' }), ['x-kept: 3'])
})

t.test('Connection cannot remove our own headers', async (t) => {
  const identity = { headers: ['X-Stagedoor-Assertion', 'signed'], replacesAuthorization: false }
  const connection = 'x-stagedoor-assertion, x-forwarded-for, traceparent, host'
  t.same(copied(['Connection', connection], { connection, identity }), ['x-stagedoor-assertion: signed'])
})

const onlyOurs = [
  'X-Stagedoor-Assertion',
  'x-stagedoor-anything',
  'X_Stagedoor_Assertion',
  'x-stagedoor_assertion',
  'X-Forwarded-For',
  'X_FORWARDED_FOR',
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'X-OAUTH2-PROXY-ID-TOKEN',
  'Forwarded',
  'X-Real-IP',
  'X-Request-Id',
  'traceparent',
  'tracestate',
  'Host',
  'Expect',
  'Content-Length',
]

for (const name of onlyOurs) {
  t.test(`the client's ${name} does not reach the upstream`, async (t) => {
    t.same(copied([name, '0']), [])
  })
}

t.test('tracestate is forwarded only with its own trace', async (t) => {
  const received = `${traceparent.slice(0, 36)}aaaaaaaaaaaaaaaa-01`
  t.same(copied(['tracestate', 'a=1', 'traceparent', received]), ['tracestate: a=1'])
})

t.test('Authorization of a browser is forwarded unchanged', async (t) => {
  t.same(copied(['Authorization', 'Bearer backstage']), ['authorization: Bearer backstage'])
})

t.test('Authorization is replaced if the identity has its own', async (t) => {
  const identity = { headers: ['Authorization', 'Bearer ours'], replacesAuthorization: true }
  t.same(copied(['authorization', 'Bearer theirs'], { identity }), ['authorization: Bearer ours'])
})

t.test('Content-Length is forwarded with a body', async (t) => {
  t.same(copied(['Content-Length', '3'], { hasBody: true }), ['content-length: 3'])
})

t.test('our cookies are removed from each Cookie header, and other cookies stay', async (t) => {
  const rawHeaders = ['Cookie', 'a=1; __Host-stagedoor=secret; b=2', 'cookie', '__Host-stagedoor.0=secret']
  t.same(copied(rawHeaders), ['cookie: a=1; b=2'])
})

t.test('the forwarded port is the one that the client addressed', async (t) => {
  const rows: [string, 'http' | 'https', string][] = [
    ['localhost:8080', 'http', '8080'],
    ['[::1]:8443', 'https', '8443'],
    ['[::1]', 'http', '80'],
    ['portal.example.com', 'https', '443'],
  ]
  for (const [host, protocol, expected] of rows) {
    const head = { rawHeaders: [], connection: undefined, hasBody: false }
    const lines = linesOf(upstreamHeaders(head, { ...facts, host, protocol }, undefined, isOwnCookie))
    t.ok(lines.includes(`x-forwarded-port: ${expected}`), host)
  }
})
