import t from 'tap'

import { createIsOwnCookie } from '../../src/proxy/own-cookies.ts'
import { clientHeaders } from '../../src/proxy/response-headers.ts'
import { linesOf } from './support.ts'

const isOwn = createIsOwnCookie(true)

function answered(list: string[], connection?: string, replyHeaders = {}): string[] {
  const rawHeaders = list.map((item) => Buffer.from(item, 'latin1'))
  return linesOf(clientHeaders({ rawHeaders, connection }, replyHeaders, isOwn))
}

t.test('end-to-end headers come through in their order, several Set-Cookie included', async (t) => {
  t.same(answered(['ETag', '"1"', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Name', 'J\u00fcrgen']), [
    'etag: "1"',
    'set-cookie: a=1',
    'set-cookie: b=2',
    'x-name: J\u00fcrgen',
  ])
})

t.test('names and values that undici gives as text are taken as they are', async (t) => {
  const head = { rawHeaders: ['X-Name', 'J\u00fcrgen'], connection: undefined }
  t.same(clientHeaders(head, {}, isOwn), ['X-Name', 'J\u00fcrgen'])
})

t.test('what an earlier stage took back replaces nothing and is not written', async (t) => {
  t.same(answered(['Cache-Control', 'public'], undefined, { 'cache-control': undefined }), ['cache-control: public'])
})

t.test('hop-by-hop headers, and those that Connection names, end here', async (t) => {
  const list = ['Connection', 'X-Hop', 'Keep-Alive', 'timeout=5', 'Transfer-Encoding', 'chunked', 'Trailer', 'x']
  t.same(answered([...list, 'X-Hop', '1', 'X-Kept', '2'], 'X-Hop'), ['x-kept: 2'])
})

t.test('an upstream cannot set our cookies, our request id or our headers', async (t) => {
  const list = ['Set-Cookie', '__Host-stagedoor=x', 'X-Request-Id', 'theirs', 'X-Stagedoor-Assertion', 'x']
  t.same(answered([...list, 'Set-Cookie', 'a=1'], undefined, { 'x-request-id': 'ours' }), [
    'set-cookie: a=1',
    'x-request-id: ours',
  ])
})

t.test('headers of earlier stages replace those of the upstream, their Set-Cookie comes in addition', async (t) => {
  const replyHeaders = { 'cache-control': 'no-store', 'set-cookie': ['s=1', 's=2'] }
  t.same(answered(['Cache-Control', 'public', 'Set-Cookie', 'a=1'], undefined, replyHeaders), [
    'set-cookie: a=1',
    'cache-control: no-store',
    'set-cookie: s=1',
    'set-cookie: s=2',
  ])
})
