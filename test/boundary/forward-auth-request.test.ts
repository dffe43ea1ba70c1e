import type { IncomingHttpHeaders } from 'node:http'

import t from 'tap'

import { forwardedRequest, isForwardAuth } from '../../src/boundary/forward-auth-request.ts'

const endpoint = '/.stagedoor/auth'

const paths: [string, boolean][] = [
  [endpoint, true],
  [`${endpoint}/`, true],
  [`${endpoint}/api/x`, true],
  [`${endpoint}x`, false],
  [`${endpoint}.json`, false],
  ['/.stagedoor/AUTH', false],
  ['/.stagedoor', false],
  ['/a/.stagedoor/auth', false],
]
for (const [path, expected] of paths) {
  t.test(`${path} is ${expected ? 'a' : 'no'} forward-auth endpoint`, async (t) => {
    t.equal(isForwardAuth(path, endpoint), expected)
  })
}

const nginx = { 'x-original-method': 'POST', 'x-original-uri': '/a?b' }
const traefik = { 'x-forwarded-method': 'POST', 'x-forwarded-uri': '/a?b' }
const byNginx = { askedBy: 'reads-status', method: 'POST', target: '/a?b' }
const byTraefik = { askedBy: 'relays-refusal', method: 'POST', target: '/a?b' }

const rows: [what: string, path: string, headers: IncomingHttpHeaders, expected: unknown][] = [
  ['as nginx sends it', endpoint, nginx, byNginx],
  ['as Traefik and Caddy send it', endpoint, traefik, byTraefik],
  ['with the method header of another proxy, too,', endpoint, { ...nginx, 'x-forwarded-method': 'GET' }, byNginx],
  ['with the method header of another proxy, too,', endpoint, { ...traefik, 'x-original-method': 'GET' }, byTraefik],
  [
    'with headers that the endpoint ignores',
    endpoint,
    { ...nginx, 'x-rewrite-url': '/b', 'x-original-url': '/b' },
    byNginx,
  ],
  ['with the headers of two proxies', endpoint, { ...nginx, ...traefik }, 'told-twice'],
  ['with the headers of two proxies, one of them empty,', endpoint, { ...nginx, 'x-forwarded-uri': '' }, 'told-twice'],
  ['with the original path in its path and in a header', `${endpoint}/a`, nginx, 'told-twice'],
  ['with an extra slash and a header', `${endpoint}/`, nginx, 'told-twice'],
  ['without an original request', endpoint, {}, 'not-told'],
  ['without a method', endpoint, { 'x-original-uri': '/a' }, 'not-told'],
  [
    'with only the method header of another proxy',
    endpoint,
    { 'x-original-uri': '/a', 'x-forwarded-method': 'GET' },
    'not-told',
  ],
  ['with two methods', endpoint, { ...nginx, 'x-original-method': 'GET, POST' }, 'method-not-allowed'],
  [
    'with a method that reaches no upstream',
    endpoint,
    { ...nginx, 'x-original-method': 'TRACE' },
    'method-not-allowed',
  ],
  ['with an empty URI', endpoint, { ...nginx, 'x-original-uri': '' }, 'not-told'],
  ['with an empty URI', endpoint, { ...traefik, 'x-forwarded-uri': '' }, 'not-told'],
]
for (const [what, path, headers, expected] of rows) {
  t.test(`a forward-auth request ${what} is ${typeof expected === 'string' ? 'refused' : 'read'}`, async (t) => {
    t.same(forwardedRequest({ method: 'GET', path, query: '', headers }, endpoint), expected)
  })
}

t.test('a request of Envoy has the original method, path and query', async (t) => {
  const question = { method: 'DELETE', path: `${endpoint}/api/x`, query: '?y', headers: {} }
  t.same(forwardedRequest(question, endpoint), { askedBy: 'relays-all-but-200', method: 'DELETE', target: '/api/x?y' })
  const root = { method: 'GET', path: `${endpoint}/`, query: '', headers: {} }
  t.same(forwardedRequest(root, endpoint), { askedBy: 'relays-all-but-200', method: 'GET', target: '/' })
})
