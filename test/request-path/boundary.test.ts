import { decodeJwt } from 'jose'
import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const spellings = [
  'X-Stagedoor-Assertion',
  'x-stagedoor-assertion',
  'X_Stagedoor_Assertion',
  'X-STAGEDOOR_ASSERTION',
  'x-stagedoor-other',
  'X-Forwarded-User',
  'X_Forwarded_Email',
  'X-Forwarded-Preferred-Username',
  'X-Forwarded-Groups',
  'X-Auth-Request-Email',
  'X-OAUTH2-PROXY-ID-TOKEN',
  'X-Real-Ip',
  'Forwarded',
  'X-Forwarded-For',
  'X-Request-Id',
  'traceparent',
]

t.test('a forged identity header never reaches the upstream, in any spelling', async (t) => {
  const stack = await startStack(t)
  const forged = spellings.map((name) => `${name}: forged`).join('\r\n')
  const answer = await exchange(
    stack.url,
    `GET /public/x HTTP/1.1\r\nHost: localhost\r\n${forged}\r\nConnection: close\r\n\r\n`,
  )
  t.match(answer, /^HTTP\/1.1 200/)
  t.notMatch(answer, /forged/)
})

t.test('a forged assertion beside a real session is replaced by the real one', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const page = await browser.fetch(`${stack.url}/`, {
    headers: { 'x-stagedoor-assertion': 'forged', X_Stagedoor_Assertion: 'forged' },
  })
  t.equal(decodeJwt(JSON.parse(page.text).headers['x-stagedoor-assertion']).email, 'jane@example.com')
  t.notMatch(page.text, /forged/)
})

t.test('a Connection header cannot remove the assertion', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const cookie = browser.cookiesOf(stack.url).get('stagedoor')
  const answer = await exchange(
    stack.url,
    `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: stagedoor=${cookie}\r\nConnection: close, x-stagedoor-assertion\r\n\r\n`,
  )
  t.match(answer, /"x-stagedoor-assertion":"eyJ/)
})

t.test('a trailer cannot carry an identity', async (t) => {
  const stack = await startStack(t)
  const body = '3\r\nabc\r\n0\r\nX-Stagedoor-Assertion: forged\r\n\r\n'
  const answer = await exchange(
    stack.url,
    `POST /public/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stagedoor-Assertion\r\nConnection: close\r\n\r\n${body}`,
  )
  t.match(answer, /^HTTP\/1.1 200/)
  t.notMatch(answer, /forged/)
})

const refusals: [what: string, request: string, code: string][] = [
  [
    'a path with dot segments',
    'GET /public/../admin HTTP/1.1\r\nHost: a\r\n\r\n',
    'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL',
  ],
  ['an absolute target', 'GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['a broken escape', 'GET /public/% HTTP/1.1\r\nHost: a\r\n\r\n', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['a fragment', 'GET /public?a#b HTTP/1.1\r\nHost: a\r\n\r\n', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['two hosts', 'GET /public HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS'],
  ['no host', 'GET /public HTTP/1.1\r\n\r\n', 'STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS'],
  [
    'two authorizations',
    'GET /public HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n',
    'STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS',
  ],
  [
    'length and chunks at once',
    'POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST',
  ],
  [
    'two lengths',
    'POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
    'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST',
  ],
  ['no HTTP at all', 'hello\r\n\r\n', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  [
    'a header with a bare line feed',
    'GET /public HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n',
    'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST',
  ],
  [
    'heads beyond the limit',
    `GET /public HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
    'STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE',
  ],
]

t.test('a request that two parsers could read differently is refused with a code and a request id', async (t) => {
  const stack = await startStack(t)
  for (const [what, request, code] of refusals) {
    const answer = await exchange(stack.url, request)
    t.match(answer, /^HTTP\/1.1 4/, what)
    t.match(answer, code, what)
    const [, requestId] = /x-request-id: (\S+)/i.exec(answer) ?? []
    t.match(
      stack.logged.find((line) => line['requestId'] === requestId),
      { code },
      `${what}: the log says so`,
    )
  }
  t.equal(stack.origin.seen.length, 0, 'none of it reached the upstream')
})

t.test('a request without a matching rule is denied, and one to /.stagedoor is never forwarded', async (t) => {
  const stack = await startStack(t, { config: { routes: [{ name: 'only', path: '/only', allow: 'authenticated' }] } })
  const { browser } = await stack.signIn('jane@example.com', undefined, '/only')
  t.match(await browser.fetch(`${stack.url}/other`), { status: 403, text: /"reason":"no-rule"/ })
  t.match(await browser.fetch(`${stack.url}/.stagedoor/unknown`), { status: 404, text: /STAGEDOOR_BOUNDARY_NOT_FOUND/ })
  t.ok(stack.origin.seen.every(({ url }) => url === '/only'))
})

t.test('a request whose head arrives too slowly is cut off', async (t) => {
  const stack = await startStack(t, { config: { server: { timeouts: { headers: '1s' } } } })
  const answer = await exchange(stack.url, 'GET /public HTTP/1.1\r\nHost: a\r\n')
  t.match(answer, /408/)
  t.match(answer, /STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT/)
})
