import t from 'tap'

import {
  hasUnclearCoding,
  hasUncountableLength,
  methodOverride,
  repeatedSingleton,
} from '../../src/boundary/received-headers.ts'
import { isPlainQuery, splitTarget } from '../../src/boundary/request-target.ts'
import { traceparent } from '../../src/headers/trace-context.ts'

t.test('a target is split at its first question mark without decoding', async (t) => {
  t.same(splitTarget('/a%20b?c=d?e'), { path: '/a%20b', query: '?c=d?e' })
  t.same(splitTarget('/a'), { path: '/a', query: '' })
})

t.test('a query may have any printable character, and no fragment', async (t) => {
  t.equal(isPlainQuery(''), true)
  t.equal(isPlainQuery('?filter=kind=Component&x=%2F..//\\'), true)
  t.equal(isPlainQuery('?a#b'), false)
  t.equal(isPlainQuery('?a b'), false)
  t.equal(isPlainQuery('?\u0000'), false)
})

t.test('a repeated header that must be unique is refused by name', async (t) => {
  t.equal(repeatedSingleton(['Host', 'a', 'HOST', 'b']), 'host')
  t.equal(repeatedSingleton(['Authorization', 'Bearer a', 'X', '1', 'authorization', 'Bearer b']), 'authorization')
  t.equal(repeatedSingleton(['Cookie', 'a=1', 'Cookie', 'b=2', 'Host', 'a']), undefined)
})

t.test('a method override header is refused by name, in every spelling', async (t) => {
  for (const name of ['x-http-method-override', 'x_http_method_override', 'x-http.method', 'x-method_override'])
    t.equal(methodOverride({ host: 'a', [name]: 'DELETE' }), name.replaceAll(/[_.]/g, '-'), name)
  for (const name of ['x-method', 'access-control-request-method', 'x-http-methods', 'method'])
    t.equal(methodOverride({ [name]: 'DELETE' }), undefined, name)
})

const randomBytes = (size: number): Buffer => Buffer.alloc(size, 0xab)
const received = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('a valid trace is continued with our own span', async (t) => {
  t.equal(traceparent(received, randomBytes), `00-0af7651916cd43dd8448eb211c80319c-${'ab'.repeat(8)}-01`)
})

t.test('an invalid or missing trace starts a new one', async (t) => {
  const fresh = `00-${'ab'.repeat(16)}-${'ab'.repeat(8)}-01`
  for (const bad of [
    undefined,
    '',
    received.toUpperCase(),
    received.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    `${received}-x`,
  ]) {
    t.equal(traceparent(bad, randomBytes), fresh, String(bad))
  }
})

t.test('a Content-Length is accepted up to 2^53-1', async (t) => {
  t.equal(hasUncountableLength(undefined), false)
  t.equal(hasUncountableLength('9007199254740991'), false)
  t.equal(hasUncountableLength('9007199254740992'), true)
})

t.test('a body is chunked or has a length', async (t) => {
  t.equal(hasUnclearCoding(undefined, '1.0'), false)
  t.equal(hasUnclearCoding('chunked', '1.1'), false)
  t.equal(hasUnclearCoding('Chunked', '1.1'), false)
  t.equal(hasUnclearCoding('chunked', '1.0'), true)
  for (const coding of ['', 'identity', 'gzip, chunked', ',chunked', 'chunked, chunked', 'xchunked'])
    t.equal(hasUnclearCoding(coding, '1.1'), true, coding)
})
