import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const config = {
  server: { trustedProxies: ['127.0.0.0/8'] },
  routes: [
    { name: 'ask', path: '/items/**', methods: ['GET', 'POST'], allow: 'public' },
    { name: 'change', path: '/items/**', allow: { roles: ['platform-admin'] } },
  ],
}

const headers = [
  'X-HTTP-Method-Override: DELETE',
  'X-HTTP-Method: MERGE',
  'X-Method-Override: PUT',
  'x_http_method_override: DELETE',
  'X.HTTP_Method: DELETE',
  'X-HTTP-Method-Override: POST',
  'X-HTTP-Method-Override:',
]

const refused = /^HTTP\/1\.1 400 [^]*"code":"STAGEDOOR_BOUNDARY_METHOD_OVERRIDE"/
const refusedToProxy = /^HTTP\/1\.1 403 [^]*"code":"STAGEDOOR_BOUNDARY_FORWARDED_METHOD_OVERRIDE"/

t.test(
  'a request with a method override header never reaches an upstream, for any sender and any protocol',
  async (t) => {
    const stack = await startStack(t, { config })
    const ask = (line: string, header: string, more = '') =>
      exchange(stack.url, `${line} HTTP/1.1\r\nHost: localhost\r\n${more}${header}\r\nConnection: close\r\n\r\n`)
    for (const header of headers) {
      t.match(await ask('POST /items/1', header, 'Content-Length: 0\r\n'), refused, header)
      t.match(await ask('GET /items/1', header), refused, `${header}, with GET`)
      const asked = 'X-Original-Method: POST\r\nX-Original-URI: /items/1\r\n'
      t.match(await ask('GET /.stagedoor/auth', header, asked), refusedToProxy, `${header}, by forward-auth`)
    }
    t.equal(stack.origin.seen.length, 0)
    t.match(await ask('POST /items/1', 'X-Method: a', 'Content-Length: 0\r\n'), /^HTTP\/1\.1 200 /, 'others pass')
  },
)
