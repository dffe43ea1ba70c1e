import t from 'tap'

import { type AnswerHead, readAnswerHead, valueOf } from '../../../src/proxy/http1/answer-head.ts'

/** A head with these field lines. */
const ok = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines].join('\r\n')
const http10 = (...lines: string[]): string => ['HTTP/1.0 200 OK', ...lines].join('\r\n')

const controls = Array.from({ length: 33 }, (_, code) => String.fromCharCode(code === 32 ? 0x7f : code)).filter(
  (control) => control !== '\t',
)

for (const [what, heads] of Object.entries({
  'nothing at all': ['', '\r\n', ' '],
  'a protocol that is not HTTP/1.x': ['HTTP/2.0 200 OK', 'HTTP/0.9 200 OK', 'HTTP/1.2 200 OK', 'HTTP/1 200 OK'],
  'another protocol': ['RTSP/1.0 200 OK', 'http/1.1 200 OK', 'ICY 200 OK', 'xHTTP/1.1 200 OK'],
  'an empty line before it': ['\r\nHTTP/1.1 200 OK', '\nHTTP/1.1 200 OK'],
  'an empty line behind it': ['HTTP/1.1 200 OK\r\n', ok('a: b', ''), ok('', 'a: b')],
  'no status': ['HTTP/1.1', 'HTTP/1.1 ', 'HTTP/1.1 OK', 'HTTP/1.1  OK'],
  'a status that has not three digits': ['HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 20', 'HTTP/1.1 2x0 OK'],
  'a status below 100': ['HTTP/1.1 099 OK', 'HTTP/1.1 000'],
  'a status beyond 599': ['HTTP/1.1 600 OK', 'HTTP/1.1 999'],
  'a status with a sign': ['HTTP/1.1 -20 OK', 'HTTP/1.1 +200 OK'],
  'more than one space before the status': ['HTTP/1.1  200 OK', 'HTTP/1.1\t200 OK'],
  'a reason that does not stand apart': ['HTTP/1.1 200OK', 'HTTP/1.1 200\tOK'],
  'a bare CR': [
    ok('a: b\rc: d'),
    ok('a\r: b'),
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200 OK\ra: b',
    ok('a: b\r'),
    ok('\ra: b'),
  ],
  'a bare LF': [ok('a: b\nc: d'), ok('a\n: b'), 'HTTP/1.1 200 OK\na: b', ok('a: b\n'), ok('\na: b')],
  'a folded line': [ok('a: b', ' c'), ok('a: b', '\tc'), ok(' a: b'), ok('\ta: b')],
  'white space before a colon': [ok('a : b'), ok('a\t: b'), ok('content-length : 5')],
  'a field without a name': [ok(': b'), ok(':'), ok('a: b', ': c')],
  'a field without a colon': [ok('a'), ok('a: b', 'c'), ok('a b')],
  'a control byte in a value': controls.map((control) => ok(`a: b${control}c`)),
  'a control byte at the end of a value': controls.map((control) => ok(`a: b${control}`)),
  'a control byte in a name': [...controls, '\t'].map((control) => ok(`a${control}b: c`)),
  'a control byte in the reason': controls.map((control) => `HTTP/1.1 200 O${control}K`),
  'a delimiter in a name': '"(),/;<=>?@[\\]{} '.split('').map((delimiter) => ok(`a${delimiter}b: c`)),
  'a name beyond ASCII': [ok('\xe4: b'), ok('a\x80: b'), ok('a\xa0: b')],
  'a length that is no row of digits': ['', '+5', '-5', '5 5', '0x5', '5.0', '5e0', 'five', '5;', '\xb2', '5\xa0'].map(
    (length) => ok(`content-length: ${length}`),
  ),
  'a list of lengths, even of equal ones': [
    ok('content-length: 5,5'),
    ok('content-length: 5, 5'),
    ok('content-length: 5,'),
  ],
  'two lengths, even equal ones': [
    ok('content-length: 5', 'content-length: 5'),
    ok('content-length: 0', 'Content-Length: 0'),
    ok('content-length: 5', 'a: b', 'content-length: 6'),
  ],
  'a length that a number cannot count': [
    ok(`content-length: ${'9'.repeat(16)}`),
    ok(`content-length: ${'0'.repeat(16)}`),
  ],
  'another transfer coding than chunked': ['', 'gzip', 'identity', 'gzip, chunked', 'chunked, gzip', 'xchunked'].map(
    (coding) => ok(`transfer-encoding: ${coding}`),
  ),
  'a transfer coding that is nearly chunked': ['chunked,', ',chunked', 'chunked;q=1', '"chunked"', 'chunked\xa0'].map(
    (coding) => ok(`transfer-encoding: ${coding}`),
  ),
  'a transfer coding twice': [
    ok('transfer-encoding: chunked', 'transfer-encoding: chunked'),
    ok('transfer-encoding: chunked, chunked'),
  ],
  'length and transfer coding': [
    ok('content-length: 5', 'transfer-encoding: chunked'),
    ok('transfer-encoding: chunked', 'content-length: 5'),
    ok('transfer-encoding: chunked', 'content-length: 0'),
  ],
  'a transfer coding of HTTP/1.0': [http10('transfer-encoding: chunked'), http10('transfer-encoding: gzip')],
})) {
  t.test(`a response head is refused for ${what}`, async (t) => {
    for (const head of heads)
      t.throws(() => readAnswerHead(head), { code: 'UPSTREAM_UNREADABLE' }, JSON.stringify(head))
  })
}

t.test('fields keep their order, and their names become lower case', async (t) => {
  const head = readAnswerHead(ok('Set-Cookie: a=1', 'X-B:2', 'SET-COOKIE: b=2', 'x-b: 1'))
  t.same(head.headers, ['set-cookie', 'a=1', 'x-b', '2', 'set-cookie', 'b=2', 'x-b', '1'])
})

t.test('only spaces and tabs around a value are trimmed', async (t) => {
  for (const [line, value] of [
    ['a:b', 'b'],
    ['a:  \t b c \t ', 'b c'],
    ['a:', ''],
    ['a: \t ', ''],
    ['a: \xa0b\xa0', '\xa0b\xa0'],
    ['a: b: c:', 'b: c:'],
    ['a: \x80\xe4\xff', '\x80\xe4\xff'],
    ['a: "(),/;<=>?@[\\]{}', '"(),/;<=>?@[\\]{}'],
  ] as const) {
    t.same(readAnswerHead(ok(line)).headers, ['a', value], JSON.stringify(line))
  }
})

t.test('a field name may have every token character', async (t) => {
  t.same(readAnswerHead(ok("!#$%&'*+-.^_`|~09azAZ: 1")).headers, ["!#$%&'*+-.^_`|~09azaz", '1'])
})

t.test('the reason phrase is optional and kept unchanged', async (t) => {
  for (const [line, status, statusText] of [
    ['HTTP/1.1 200', 200, ''],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.1 404 Not Found', 404, 'Not Found'],
    ['HTTP/1.0 599  \t\xe4 ', 599, ' \t\xe4 '],
    ['HTTP/1.1 100 Continue', 100, 'Continue'],
  ] as const) {
    for (const text of [line, `${line}\r\na: b`]) {
      const head = readAnswerHead(text)
      t.same([head.status, head.statusText], [status, statusText], JSON.stringify(text))
    }
  }
})

t.test('the length of a body is its Content-Length, chunked, or unknown', async (t) => {
  for (const [lines, expected] of [
    [[], { contentLength: -1, isChunked: false }],
    [['content-length: 0'], { contentLength: 0, isChunked: false }],
    [['Content-Length:\t007 '], { contentLength: 7, isChunked: false }],
    [[`content-length: ${'9'.repeat(15)}`], { contentLength: 999_999_999_999_999, isChunked: false }],
    [['transfer-encoding: chunked'], { contentLength: -1, isChunked: true }],
    [['Transfer-Encoding:\t CHUNKED '], { contentLength: -1, isChunked: true }],
  ] as const) {
    t.match(readAnswerHead(ok(...lines)), expected, lines.join())
  }
})

t.test('HTTP version and Connection header determine whether a connection stays open', async (t) => {
  const staysOpen: [head: string, isPersistent: boolean, connection?: string][] = [
    [ok(), true],
    [ok('connection: close'), false, 'close'],
    [ok('connection: CLOSE'), false, 'CLOSE'],
    [ok('connection: x, Close ,y'), false, 'x, Close ,y'],
    [ok('connection: x', 'connection: close'), false, 'x,close'],
    [ok('connection: keep-alive, close'), false, 'keep-alive, close'],
    [ok('connection: closed'), true, 'closed'],
    [ok('connection: keep-alive'), true, 'keep-alive'],
    [ok('connection:'), true, ''],
    [http10(), false],
    [http10('connection: Keep-Alive'), true, 'Keep-Alive'],
    [http10('connection: x, keep-alive'), true, 'x, keep-alive'],
    [http10('connection: x'), false, 'x'],
    [http10('connection: keep-alive', 'connection: close'), false, 'keep-alive,close'],
  ]
  for (const [text, isPersistent, connection] of staysOpen) {
    const head: AnswerHead = readAnswerHead(text)
    t.same([head.isPersistent, head.connection], [isPersistent, connection], JSON.stringify(text))
  }
})

t.test('the Keep-Alive header of the upstream is kept', async (t) => {
  t.equal(readAnswerHead(ok('Keep-Alive: timeout=5')).keepAlive, 'timeout=5')
  t.equal(readAnswerHead(ok()).keepAlive, undefined)
})

t.test('the first value of a field is found by its complete name', async (t) => {
  const headers = ['link', 'a', 'xlink', 'b', 'x', 'y', 'link', 'c']
  t.same(
    ['link', 'x', 'y', 'a', 'lin', ''].map((name) => valueOf(headers, name)),
    ['a', 'y', undefined, undefined, undefined, undefined],
  )
})

t.test('a Connection token followed by the byte A0 is not recognized', async (t) => {
  t.equal(readAnswerHead('HTTP/1.0 200 OK\r\nconnection: x, keep-alive\xa0').isPersistent, false)
})

t.test('a tab after the transfer coding is refused; llhttp treats it as a part of the coding', async (t) => {
  t.throws(() => readAnswerHead('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\t'), { code: 'UPSTREAM_UNREADABLE' })
})
