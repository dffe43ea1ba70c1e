import t, { type Test } from 'tap'

import { startCertificates } from '../../support/certificates.ts'
import { startReport } from '../support.ts'
import { originOf, startDesyncGateway } from './gateway.ts'
import { askRaw, type RawField } from './http2-frames.ts'
import { type ReadRequest, readRequests } from './strict-reader.ts'

/** An HTTP/2 request that would become a different request, or two, when written as HTTP/1.1. */
type Form = {
  what: string
  fields: (path: string) => RawField[]
  body?: string
  must?: 'refused' | 'pass'
  /** Names of fields that must not reach the upstream. */
  without?: RegExp
}

const smuggled = 'GET /secret/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

const pseudo = (path: string, changes: Record<string, string | undefined> = {}): RawField[] => {
  const all = { ':method': 'GET', ':scheme': 'https', ':authority': 'localhost', ':path': path, ...changes }
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}
const get =
  (...fields: RawField[]) =>
  (path: string): RawField[] => [...pseudo(path), ...fields]
const post =
  (...fields: RawField[]) =>
  (path: string): RawField[] => [...pseudo(path, { ':method': 'POST' }), ...fields]
const withPseudo =
  (changes: (path: string) => Record<string, string | undefined>) =>
  (path: string): RawField[] =>
    pseudo(path, changes(path))
const refused = (what: string, fields: Form['fields'], body?: string): Form => ({
  what,
  fields,
  must: 'refused',
  ...(body !== undefined && { body }),
})

/** nghttp2 drops a field with invalid bytes, and keeps the request. */
const dropped = (what: string, fields: Form['fields']): Form => ({ what, fields, must: 'pass', without: /^x-/ })

const forms: Form[] = [
  { what: 'a plain request', fields: get(['x-a', 'b']), must: 'pass' },
  { what: 'a body with its length', fields: post(['content-length', '5']), body: 'hello', must: 'pass' },
  { what: 'a body without length', fields: post(), body: 'hello', must: 'pass' },
  { what: 'a body that is a request', fields: post(), body: smuggled, must: 'pass' },
  { what: 'GET with a body', fields: get(), body: smuggled },
  refused('H2.CL: a length that is too small', post(['content-length', '0']), smuggled),
  refused('H2.CL: a length that is too large', post(['content-length', '500']), smuggled),
  refused('H2.0: a length without a body', post(['content-length', '5'])),
  { what: 'expect: 100-continue', fields: post(['expect', '100-continue']), body: 'hello' },
  refused('two lengths', post(['content-length', '5'], ['content-length', '0']), 'hello'),
  refused('a length with a list', post(['content-length', '5, 0']), 'hello'),
  refused('a length with a sign', post(['content-length', '+5']), 'hello'),
  refused('H2.TE: chunked', post(['transfer-encoding', 'chunked']), `0\r\n\r\n${smuggled}`),
  refused('H2.TE: identity', post(['transfer-encoding', 'identity']), 'hello'),
  ...['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'http2-settings-not', 'te'].flatMap((name): Form[] =>
    name === 'http2-settings-not'
      ? [{ what: 'http2-settings', fields: get(['http2-settings', 'AAMAAABkAAQAAP__']) }]
      : [refused(`a field of connections: ${name}`, get([name, 'transfer-encoding']))],
  ),
  { what: 'te: trailers', fields: get(['te', 'trailers']) },
  dropped('CRLF in a value', get(['x-a', `b\r\nTransfer-Encoding: chunked`])),
  dropped('CRLF and a request in a value', get(['x-a', `b\r\n\r\n${smuggled}`])),
  dropped('LF in a value', get(['x-a', 'b\nX-B: c'])),
  dropped('CR in a value', get(['x-a', 'b\rX-B: c'])),
  dropped('NUL in a value', get(['x-a', 'b\0c'])),
  dropped('CRLF in a name', get(['x-a: b\r\nx-b', 'c'])),
  dropped('a colon in a name', get(['x-a: b', 'c'])),
  dropped('a space in a name', get(['transfer-encoding ', 'chunked'])),
  refused('an upper-case name', get(['Transfer-Encoding', 'chunked'])),
  dropped('an empty name', get(['', 'b'])),
  dropped('a name beyond ASCII', get(['x-\xe9', 'b'])),
  dropped('spaces around a value', get(['x-a', ' b '])),
  refused(
    'a path with a space',
    withPseudo((path) => ({ ':path': `${path} HTTP/1.1` })),
  ),
  refused(
    'a path with CRLF',
    withPseudo((path) => ({ ':path': `${path} HTTP/1.1\r\nX-A: b\r\n\r\n${smuggled}` })),
  ),
  refused(
    'a path with a fragment',
    withPseudo((path) => ({ ':path': `${path}#a` })),
  ),
  refused(
    'a path with a tab',
    withPseudo((path) => ({ ':path': `${path}\tx` })),
  ),
  refused(
    'a path with NUL',
    withPseudo((path) => ({ ':path': `${path}\0` })),
  ),
  refused(
    'a path that is absolute',
    withPseudo((path) => ({ ':path': `https://localhost${path}` })),
  ),
  refused(
    'a path without a slash',
    withPseudo((path) => ({ ':path': path.slice(1) })),
  ),
  refused(
    'an empty path',
    withPseudo(() => ({ ':path': '' })),
  ),
  refused(
    'no path',
    withPseudo(() => ({ ':path': undefined })),
  ),
  refused('two paths', (path) => [...pseudo(path), [':path', '/secret/smuggled']]),
  refused('a path behind a field', (path) => [...pseudo(path, { ':path': undefined }), ['x-a', 'b'], [':path', path]]),
  refused('a pseudo-header of no request', (path) => [...pseudo(path), [':status', '200']]),
  refused('a pseudo-header that is not known', (path) => [[':x', 'y'], ...pseudo(path)]),
  refused(
    'a method with a space',
    withPseudo((path) => ({ ':method': `GET ${path} HTTP/1.1\r\nX: ` })),
  ),
  refused(
    'a method with CRLF',
    withPseudo(() => ({ ':method': 'GET /secret/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\nGET' })),
  ),
  refused(
    'no method',
    withPseudo(() => ({ ':method': undefined })),
  ),
  refused(
    'TRACE',
    withPseudo(() => ({ ':method': 'TRACE' })),
  ),
  refused('CONNECT', () => [
    [':method', 'CONNECT'],
    [':authority', 'localhost:80'],
  ]),
  refused(
    'CONNECT with a path',
    withPseudo(() => ({ ':method': 'CONNECT' })),
  ),
  refused('CONNECT to a WebSocket', (path) => [...pseudo(path, { ':method': 'CONNECT' }), [':protocol', 'websocket']]),
  refused(
    'an authority with a path',
    withPseudo(() => ({ ':authority': 'localhost/secret' })),
  ),
  refused(
    'an authority with a user',
    withPseudo(() => ({ ':authority': 'user@localhost' })),
  ),
  refused(
    'an authority with CRLF',
    withPseudo(() => ({ ':authority': 'localhost\r\nX-A: b' })),
  ),
  refused(
    'an authority with a space',
    withPseudo(() => ({ ':authority': 'localhost x' })),
  ),
  refused(
    'no authority, no host',
    withPseudo(() => ({ ':authority': undefined })),
  ),
  {
    what: 'host in place of authority',
    fields: (path) => [...pseudo(path, { ':authority': undefined }), ['host', 'localhost']],
  },
  { what: 'an authority and the same host', fields: get(['host', 'localhost']) },
  refused('an authority and another host', get(['host', 'other'])),
  refused('two hosts', (path) => [
    ...pseudo(path, { ':authority': undefined }),
    ['host', 'localhost'],
    ['host', 'other'],
  ]),
  { what: 'a scheme that is not ours', fields: withPseudo(() => ({ ':scheme': 'http' })) },
  refused(
    'a scheme with CRLF',
    withPseudo(() => ({ ':scheme': 'https\r\nX-A: b' })),
  ),
]

t.test('a request over HTTP/2 is refused, or reaches the upstream as one of HTTP/1.1', async (t) => {
  const report = startReport(t, 'desync from HTTP/2')
  const { certificate, key } = await startCertificates(t)
  const { port, behind } = await startDesyncGateway(t, { certificate, key })
  for (const { name, written } of behind) {
    await t.test(`before ${name}`, async (t) => {
      for (const [index, { what, fields, body, must }] of forms.entries()) {
        const answer = await askRaw(port, fields(`/${name}/form-${index}`), body)
        const isRefused = answer.status !== 200 && answer.status !== 204
        if (must !== undefined) t.equal(isRefused, must === 'refused', `${what}: ${JSON.stringify(answer)}`)
      }
      judgeUpstream(t, name, written().flatMap(readRequests))
    })
    report.inputs += forms.length
    report.requests += forms.length
  }
})

const ours = /^x-(?:forwarded-|request-id|stagedoor-)/

function judgeUpstream(t: Test, name: string, requests: ReadRequest[]): void {
  const reached = new Map<Form, number>()
  for (const request of requests) {
    const form = forms[originOf(request, name)?.index ?? -1]
    t.ok(form, `${request.target} was not asked for`)
    const { fields, target } = request
    t.notOk(
      form?.without && fields.some(([name]) => form.without?.test(name) && !ours.test(name)),
      `${target}: no such field`,
    )
    // Bodies are streamed: an error in a body breaks the request off.
    if (form && request.isWhole) reached.set(form, (reached.get(form) ?? 0) + 1)
  }
  for (const [{ what, must }, count] of reached) {
    t.equal(count, 1, `${what}: once`)
    t.not(must, 'refused', `${what}: must not get to the upstream`)
  }
  t.same(
    forms.filter((form) => form.must === 'pass' && !reached.has(form)),
    [],
    'what is fine gets there',
  )
}
