import t from 'tap'

import { createIsOwnCookie } from '../../src/proxy/own-cookies.ts'
import { clientHeaders } from '../../src/proxy/response-headers.ts'
import { linesOf } from './support.ts'

const isOwn = createIsOwnCookie(true)

/** @param lines header lines of the upstream, in their order */
function answered(lines: Record<string, string | string[]>, replyHeaders = {}): string[] {
  const headers = Object.entries(lines).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]))
  const connection = [lines['connection'] ?? []].flat()[0]
  return linesOf(clientHeaders({ status: 200, headers, connection }, replyHeaders, isOwn))
}

t.test('end-to-end headers keep their order, including several Set-Cookie', async (t) => {
  t.same(answered({ etag: '"1"', 'set-cookie': ['a=1', 'b=2'], link: '</a>', 'x-name': 'J\u00fcrgen' }), [
    'etag: "1"',
    'set-cookie: a=1',
    'set-cookie: b=2',
    'link: </a>',
    'x-name: J\u00fcrgen',
  ])
})

t.test('a header with several lines keeps them as separate lines', async (t) => {
  t.same(answered({ 'x-part': ['1', '2'] }), ['x-part: 1', 'x-part: 2'])
})

t.test('a header that an earlier stage set to undefined replaces nothing and is not written', async (t) => {
  t.same(answered({ 'cache-control': 'public' }, { 'cache-control': undefined, age: 0 }), [
    'cache-control: public',
    'age: 0',
  ])
})

t.test('hop-by-hop headers, and those that Connection names, are not forwarded', async (t) => {
  const own = { connection: 'X-Hop', 'keep-alive': 'timeout=5', 'transfer-encoding': 'chunked', trailer: 'x' }
  t.same(answered({ ...own, 'x-hop': '1', 'x-kept': '2' }), ['x-kept: 2'])
})

t.test('an upstream cannot set our cookies, our request id or our headers', async (t) => {
  const theirs = { 'set-cookie': ['__Host-stagedoor=x', 'a=1'], 'x-request-id': 'theirs', 'x-stagedoor-assertion': 'x' }
  t.same(answered(theirs, { 'x-request-id': 'ours' }), ['set-cookie: a=1', 'x-request-id: ours'])
})

t.test('headers of earlier stages replace those of the upstream, and their Set-Cookie is added', async (t) => {
  const replyHeaders = { 'cache-control': 'no-store', 'set-cookie': ['s=1', 's=2'] }
  t.same(answered({ 'cache-control': 'public', 'set-cookie': ['a=1'] }, replyHeaders), [
    'set-cookie: a=1',
    'cache-control: no-store',
    'set-cookie: s=1',
    'set-cookie: s=2',
  ])
})
