import t from 'tap'

import { readAnswerHead, refusalOf, valueOf } from '../../src/proxy/answer-head.ts'

const read = (list: readonly string[], status = 200, statusText = 'OK') =>
  readAnswerHead(
    status,
    statusText,
    list.map((item) => Buffer.from(item, 'latin1')),
  )

t.test(
  'fields keep their order, number and bytes; names are in lower case, padding is no part of a value',
  async (t) => {
    const { headers } = read(['X-A', '1', 'x-a', ' \t2\t ', 'X-\xdf', '\xa0\xe4\xa0', 'Empty', ''])
    t.same(headers, ['x-a', '1', 'x-a', '2', 'x-\xdf', '\xa0\xe4\xa0', 'empty', ''])
    t.equal(valueOf(headers, 'x-a'), '1')
    t.equal(valueOf(headers, 'x-b'), undefined)
  },
)

t.test('what the carrying of an answer depends on is read out', async (t) => {
  const plain = read(['x', 'y'])
  t.match(plain, { contentLength: -1, connection: undefined, transferEncoding: undefined })
  const head = read(['Content-Length', '12', 'Connection', 'close', 'connection', 'x-a'])
  t.match(head, { contentLength: 12, connection: 'close,x-a' })
})

t.test('a status text that cannot be sent on is left out', async (t) => {
  for (const [text, expected] of [
    ['Made', 'Made'],
    ['', ''],
    ['Gr\u00fc\u00dfe', 'Gr\u00fc\u00dfe'],
    ['no \ufffd text', undefined],
    ['two\r\nlines', undefined],
  ] as const) {
    t.equal(read([], 200, text).statusText, expected)
  }
})

t.test('an answer whose body would still be coded is refused', async (t) => {
  for (const [codings, isRefused] of [
    [['chunked'], false],
    [['Chunked'], false],
    [['gzip, chunked'], true],
    [['gzip', 'chunked'], true],
    [['chunked', 'chunked'], true],
    [['identity'], true],
  ] as const) {
    const list = codings.flatMap((coding) => ['transfer-encoding', coding])
    t.equal(refusalOf(read(list)) !== undefined, isRefused, codings.join(' | '))
  }
})

t.test('a change of protocol is no answer', async (t) => {
  t.match(refusalOf(read(['upgrade', 'x'], 101)), /protocol/)
  t.equal(refusalOf(read(['link', 'x'], 103)), undefined)
})
