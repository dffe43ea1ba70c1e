import t from 'tap'

import { bodyOf, mayHaveSentContent } from '../../../src/proxy/http1/answer-body.ts'
import { type AnswerHead, readAnswerHead } from '../../../src/proxy/http1/answer-head.ts'

const head = (status: number, ...lines: string[]): AnswerHead =>
  readAnswerHead([`HTTP/1.1 ${status}`, ...lines].join('\r\n'))

const sized = 'content-length: 5'
const empty = 'content-length: 0'
const chunked = 'transfer-encoding: chunked'

/** Reads a body from the given reads. @returns its content, and how many bytes of the last read belong to it */
function read(given: AnswerHead, ...reads: string[]): { content: string; used: number } {
  const body = bodyOf(given, 'GET')
  let content = ''
  let used = -1
  for (const bytes of reads) {
    used = body?.read(Buffer.from(bytes), (part) => (content += part.toString())) ?? 0
  }
  return { content, used }
}

t.test('method, status and framing determine whether a body follows', async (t) => {
  for (const [method, status, line, hasBody, endsWithConnection] of [
    ['GET', 200, sized, true, false],
    ['GET', 200, chunked, true, false],
    ['GET', 200, 'x: y', true, true],
    ['GET', 200, empty, false],
    ['HEAD', 200, sized, false],
    ['HEAD', 200, chunked, false],
    ['HEAD', 200, 'x: y', false],
    ['GET', 204, sized, false],
    ['GET', 204, 'x: y', false],
    ['GET', 304, chunked, false],
    ['GET', 304, 'x: y', false],
    ['GET', 205, 'x: y', true, true],
    ['POST', 404, sized, true, false],
  ] as const) {
    const body = bodyOf(head(status, line), method)
    t.same([body !== undefined, body?.endsWithConnection], [hasBody, endsWithConnection], `${method} ${status} ${line}`)
  }
})

t.test('a body of known length ends with its last byte, whatever follows', async (t) => {
  for (const [reads, content, used] of [
    [['hello'], 'hello', 5],
    [['hello, more'], 'hello', 5],
    [['he', 'l'], 'hel', -1],
    [['he', 'llo'], 'hello', 3],
    [['he', 'llo, more'], 'hello', 3],
    [['h', 'e', 'l', 'l', 'o'], 'hello', 1],
  ] as const) {
    t.same(read(head(200, sized), ...reads), { content, used }, reads.join('|'))
  }
})

t.test('a body without a length lasts until the connection ends', async (t) => {
  t.same(read(head(200), 'HTTP/1.1 200 OK\r\n\r\n', 'more'), { content: 'HTTP/1.1 200 OK\r\n\r\nmore', used: -1 })
})

t.test('chunks are joined to one body', async (t) => {
  t.same(read(head(200, chunked), '5\r\nhello\r\n0\r\n\r\nmore'), { content: 'hello', used: 15 })
})

t.test('parts of a body are passed on without a copy', async (t) => {
  const bytes = Buffer.from('hello')
  bodyOf(head(200, sized), 'GET')?.read(bytes, (part) => t.equal(part.buffer, bytes.buffer))
})

t.test('an upstream may have sent content after a bodiless status if the head announces some', async (t) => {
  for (const [status, line, expected] of [
    [204, sized, true],
    [204, chunked, true],
    [204, empty, false],
    [204, 'x: y', false],
    [304, sized, true],
    [304, chunked, true],
    [304, 'x: y', false],
    [200, sized, false],
    [200, chunked, false],
  ] as const) {
    t.equal(mayHaveSentContent(head(status, line)), expected, `${status} ${line}`)
  }
})
