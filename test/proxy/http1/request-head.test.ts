import t from 'tap'

import { type RequestHead, requestHead } from '../../../src/proxy/http1/request-head.ts'

const plain: RequestHead = {
  method: 'GET',
  path: '/',
  headers: ['host', 'portal.example.com'],
  upgrade: undefined,
  framing: undefined,
}

for (const [what, head, lines] of [
  ['a request', plain, ['GET / HTTP/1.1', 'host: portal.example.com', 'connection: keep-alive']],
  [
    'names and values as they are, in their order',
    { ...plain, path: '/a%20b?q=\xe4&r=%2F', headers: ['Host', 'a', 'X-B', ' 1\t', 'x-b', '\xe4\xff', 'X-C', ''] },
    ['GET /a%20b?q=\xe4&r=%2F HTTP/1.1', 'Host: a', 'connection: keep-alive', 'X-B:  1\t', 'x-b: \xe4\xff', 'X-C: '],
  ],
  [
    'an upgrade',
    { ...plain, upgrade: 'websocket', headers: ['host', 'a', 'x', 'y'] },
    ['GET / HTTP/1.1', 'host: a', 'connection: upgrade', 'upgrade: websocket', 'x: y'],
  ],
  [
    'a body in chunks',
    { ...plain, method: 'POST', framing: 'chunked' },
    ['POST / HTTP/1.1', 'host: portal.example.com', 'connection: keep-alive', 'transfer-encoding: chunked'],
  ],
  [
    'a body whose length is among the headers',
    { ...plain, method: 'PUT', headers: ['host', 'a', 'Content-Length', '5'], framing: 'length' },
    ['PUT / HTTP/1.1', 'host: a', 'connection: keep-alive', 'Content-Length: 5'],
  ],
  ...['POST', 'PUT', 'PATCH'].map(
    (method) =>
      [
        `${method} without a body, which says so`,
        { ...plain, method },
        [`${method} / HTTP/1.1`, 'host: portal.example.com', 'connection: keep-alive', 'content-length: 0'],
      ] as const,
  ),
  ...['DELETE', 'OPTIONS', 'HEAD', 'M-SEARCH'].map(
    (method) =>
      [
        `${method} without a body, which need not say so`,
        { ...plain, method },
        [`${method} / HTTP/1.1`, 'host: portal.example.com', 'connection: keep-alive'],
      ] as const,
  ),
] satisfies (readonly [string, RequestHead, readonly string[]])[]) {
  t.test(`the request head has exactly the expected bytes: ${what}`, async (t) => {
    t.equal(requestHead(head), `${lines.join('\r\n')}\r\n\r\n`)
  })
}

const endsOfLine = ['\r', '\n', '\r\n', '\n\n', '\r\n\r\n', '\u010a', '\u010d', '\u2028', '\u{1f40d}']
const unwritable = [...endsOfLine, '\0', '\x1b', '\x7f', '\u0100', '\u20ac']

for (const [what, parts] of Object.entries({
  'a path that is empty': [{ path: '' }],
  'white space in the path': [{ path: '/a b' }, { path: '/a\tb' }, { path: ' /' }, { path: '/ ' }],
  'what cannot stand in a path': unwritable.map((part) => ({ path: `/a${part}b` })),
  'what cannot stand at the end of a path': unwritable.map((part) => ({ path: `/a${part}` })),
  'what cannot stand in a method': [...unwritable, ' ', '\t', ':', '/', '\xe4'].map((part) => ({
    method: `GET${part}`,
  })),
  'a method that is empty': [{ method: '' }],
  'what cannot stand in a name': [...unwritable, ' ', '\t', ':', '(', '\xe4'].map((part) => ({
    headers: ['host', 'a', `x${part}`, 'y'],
  })),
  'a name that is empty': [{ headers: ['host', 'a', '', 'y'] }, { headers: ['', 'a'] }],
  'what cannot stand in a value': unwritable.map((part) => ({ headers: ['host', 'a', 'x', `1${part}2`] })),
  'what cannot stand at the end of a value': unwritable.map((part) => ({ headers: ['host', 'a', 'x', `1${part}`] })),
  'what cannot stand in the host': unwritable.map((part) => ({ headers: ['host', `a${part}b`] })),
  'what cannot stand in the protocol': unwritable.map((part) => ({ upgrade: `web${part}socket` })),
})) {
  t.test(`no request head is written for ${what}`, async (t) => {
    for (const part of parts) {
      t.throws(
        () => requestHead({ ...plain, ...part }),
        { code: 'UPSTREAM_UNWRITABLE' },
        encodeURI(JSON.stringify(part)),
      )
    }
  })
}

for (const [what, part] of [
  ['a value', { headers: ['host', 'a', 'x', '1\r\ntransfer-encoding: chunked'] }],
  ['the first value', { headers: ['host', 'a\r\nx: 1'] }],
  ['a name', { headers: ['host', 'a', 'x: 1\r\ny', '1'] }],
  ['the path', { path: '/ HTTP/1.1\r\nx: 1' }],
  ['the method', { method: 'GET / HTTP/1.1\r\nx:' }],
  ['the protocol', { upgrade: 'websocket\r\nx: 1' }],
] as const) {
  t.test(`no header line can be injected through ${what}`, async (t) => {
    t.throws(() => requestHead({ ...plain, ...part }), { code: 'UPSTREAM_UNWRITABLE' })
  })
}
