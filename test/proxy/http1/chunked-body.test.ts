import t from 'tap'

import { ChunkedBody } from '../../../src/proxy/http1/chunked-body.ts'

const skippedAtMost = 16_384

/** Reads a body whose bytes arrive in these pieces. @returns its content, and the offset of its end */
function read(...reads: string[]): { content: string; endsAt: number } {
  const body = new ChunkedBody()
  let content = ''
  let before = 0
  for (const bytes of reads) {
    const used = body.read(Buffer.from(bytes, 'latin1'), (part) => (content += part.toString('latin1')))
    if (used !== -1) return { content, endsAt: before + used }
    before += bytes.length
  }
  return { content, endsAt: -1 }
}

const valid: [bytes: string, content: string][] = [
  ['0\r\n\r\n', ''],
  ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', 'abc'],
  ['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
  ['0000000000005\r\nhello\r\n0000000000000\r\n\r\n', 'hello'],
  ['10\r\n0123456789abcdef\r\n00\r\n\r\n', '0123456789abcdef'],
  ['2\r\n\r\n\r\n0\r\n\r\n', '\r\n'],
  ['5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
  ['1\r\n\x00\r\n1\r\n\xff\r\n0\r\n\r\n', '\x00\xff'],
  ['5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n', 'hello'],
  ['1;\r\na\r\n0\r\n\r\n', 'a'],
  ['1\r\na\r\n0\r\nx-checksum: 1\r\nset-cookie: a=b\r\n\r\n', 'a'],
]

t.test('a chunked body reads the same however it is split, and ends before the bytes that follow', async (t) => {
  for (const [bytes, content] of valid) {
    const expected = { content, endsAt: bytes.length }
    const all = `${bytes}HTTP/1.1 200 OK\r\n\r\n`
    t.same(read(bytes), expected, JSON.stringify(bytes))
    t.same(read(all), expected, 'with more behind it')
    t.same(read(...all.split('')), expected, 'byte by byte')
    for (let at = 1; at < all.length; at += 1) {
      const { content: found, endsAt } = read(all.slice(0, at), all.slice(at))
      if (found !== content || endsAt !== bytes.length)
        t.same([found, endsAt], [content, bytes.length], `split at ${at}`)
    }
  }
})

t.test('an unfinished body never counts as complete', async (t) => {
  for (const [bytes] of valid) {
    for (let end = 0; end < bytes.length; end += 1) {
      if (read(bytes.slice(0, end)).endsAt !== -1) t.fail(JSON.stringify(bytes.slice(0, end)))
    }
  }
  t.pass('whole only with its last byte')
})

for (const [what, bodies] of Object.entries({
  'a size without digits': ['\r\nhello', ';a=b\r\n', ' \r\n', 'g\r\n', 'x5\r\n'],
  'a size that is none': ['-5\r\n', '+5\r\n', '0x5\r\n', '5.0\r\n', '5h\r\n', '5\x005\r\n', '\xb2\r\n'],
  'bytes beside the digits and letters of a size': ['/', ':', '@', 'G', '`', 'g'].map((beside) => `1${beside}\r\n`),
  'white space around a size': [' 5\r\nhello', '5 \r\nhello', '5\t\r\nhello', '5 ;a=b\r\nhello', '\t5\r\nhello'],
  'a size of more digits than a number can count': ['0'.repeat(14), 'f'.repeat(14), '1'.repeat(100)],
  'a size whose line ends in a bare LF': ['5\nhello\r\n', '5;a\nhello\r\n', '0\n\r\n'],
  'a size whose line ends in a bare CR': ['5\rhello\r\n', '5\r\rhello', '5;a\rhello', '0\r\r\n'],
  'content that is longer than its size': ['5\r\nhello!\r\n', '5\r\nhello0\r\n\r\n'],
  'content without an end of line': [
    '5\r\nhello\n0\r\n\r\n',
    '5\r\nhello\n\n0\r\n\r\n',
    '5\r\nhello\r0\r\n\r\n',
    '5\r\nhello\r\r\n',
  ],
  'a trailer whose line ends in a bare LF': ['0\r\na: b\n\r\n', '0\r\n\n', '0\r\na: b\r\n\n'],
  'a trailer whose line ends in a bare CR': ['0\r\na: b\rc: d\r\n\r\n', '0\r\n\ra', '0\r\na: b\r\r\n'],
  'an extension without an end': [`5;${'a'.repeat(skippedAtMost + 1)}`],
  'trailers without an end': [
    `0\r\n${'a'.repeat(skippedAtMost + 1)}`,
    `0\r\n${'a: b\r\n'.repeat(skippedAtMost / 4 + 1)}`,
  ],
})) {
  t.test(`a chunked body is refused for ${what}`, async (t) => {
    for (const bytes of bodies) {
      t.throws(() => read(bytes), { code: 'UPSTREAM_UNREADABLE' }, JSON.stringify(bytes.slice(0, 40)))
      t.throws(() => read(...bytes.split('')), { code: 'UPSTREAM_UNREADABLE' }, 'byte by byte')
    }
  })
}

t.test('extensions and trailers of usual size are accepted', async (t) => {
  const long = 'a'.repeat(skippedAtMost)
  t.same(read(`1;${long.slice(1)}\r\nx\r\n0\r\n\r\n`).content, 'x')
  t.equal(read(`0\r\n${long}\r\n\r\n`).endsAt, long.length + 7)
})

t.test('content is passed on without a copy, and never as an empty part', async (t) => {
  const bytes = Buffer.from('5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n')
  const parts: string[] = []
  new ChunkedBody().read(bytes, (part) => {
    t.equal(part.buffer, bytes.buffer)
    parts.push(String(part))
  })
  t.same(parts, ['hello', 'world'])
})

t.test('the end of the connection does not complete a chunked body', async (t) => {
  t.equal(new ChunkedBody().endsWithConnection, false)
})

t.test('the limit on extensions applies to each chunk: a long stream may have one in every chunk', async (t) => {
  const body = new ChunkedBody()
  const chunk = Buffer.from(`1;chunk-signature=${'a'.repeat(64)}\r\nx\r\n`)
  t.doesNotThrow(() => {
    for (let i = 0; i < 1_000; i += 1) body.read(chunk, () => {})
  })
})
