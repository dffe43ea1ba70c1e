import t from 'tap'

import {
  hasUnclearCoding,
  hasUncountableLength,
  methodOverride,
  repeatedSingleton,
} from '../../src/boundary/received-headers.ts'
import { isPlainQuery, splitTarget } from '../../src/boundary/request-target.ts'
import { traceparent } from '../../src/headers/trace-context.ts'

t.test('a target is split at its first question mark and nothing is decoded', async (t) => {
  t.same(splitTarget('/a%20b?c=d?e'), { path: '/a%20b', query: '?c=d?e' })
  t.same(splitTarget('/a'), { path: '/a', query: '' })
})

t.test('a query may hold anything printable but a fragment', async (t) => {
  t.equal(isPlainQuery(''), true)
  t.equal(isPlainQuery('?filter=kind=Component&x=%2F..//\\'), true)
  t.equal(isPlainQuery('?a#b'), false)
  t.equal(isPlainQuery('?a b'), false)
  t.equal(isPlainQuery('?\u0000'), false)
})

t.test('a header that may come only once and came twice is named', async (t) => {
  t.equal(repeatedSingleton(['Host', 'a', 'HOST', 'b']), 'host')
  t.equal(repeatedSingleton(['Authorization', 'Bearer a', 'X', '1', 'authorization', 'Bearer b']), 'authorization')
  t.equal(repeatedSingleton(['Cookie', 'a=1', 'Cookie', 'b=2', 'Host', 'a']), undefined)
})

t.test('a header that names another method is named, in every spelling', async (t) => {
  for (const name of ['x-http-method-override', 'x_http_method_override', 'x-http.method', 'x-method_override'])
    t.equal(methodOverride({ host: 'a', [name]: 'DELETE' }), name.replaceAll(/[_.]/g, '-'), name)
  for (const name of ['x-method', 'access-control-request-method', 'x-http-methods', 'method'])
    t.equal(methodOverride({ [name]: 'DELETE' }), undefined, name)
})

const randomBytes = (size: number): Buffer => Buffer.alloc(size, 0xab)
const received = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('a valid trace is continued under a span of ours', async (t) => {
  t.equal(traceparent(received, randomBytes), `00-0af7651916cd43dd8448eb211c80319c-${'ab'.repeat(8)}-01`)
})

t.test('anything else starts a trace', async (t) => {
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

t.test('a length is counted up to 2^53-1', async (t) => {
  t.equal(hasUncountableLength(undefined), false)
  t.equal(hasUncountableLength('9007199254740991'), false)
  t.equal(hasUncountableLength('9007199254740992'), true)
})

t.test('a body is in chunks, or has a length', async (t) => {
  t.equal(hasUnclearCoding(undefined, '1.0'), false)
  t.equal(hasUnclearCoding('chunked', '1.1'), false)
  t.equal(hasUnclearCoding('Chunked', '1.1'), false)
  t.equal(hasUnclearCoding('chunked', '1.0'), true)
  for (const coding of ['', 'identity', 'gzip, chunked', ',chunked', 'chunked, chunked', 'xchunked'])
    t.equal(hasUnclearCoding(coding, '1.1'), true, coding)
})
