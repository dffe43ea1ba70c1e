import t from 'tap'

import { AnswerReader } from '../../../src/proxy/http1/answer-reader.ts'
import { Recording } from './support.ts'

const maxHeadBytes = 60
const asked = { method: 'GET', upgrade: undefined }

type Reading = { recording: Recording; reader: AnswerReader; switches: string[]; read: (bytes: string) => number }

function startReading(request: Parameters<AnswerReader['begin']>[0] = asked, recording = new Recording()): Reading {
  const switches: string[] = []
  const reader = new AnswerReader({
    maxHeadBytes,
    onSwitch: (head, rest) => switches.push(`${head.status} ${String(rest)}`),
  })
  reader.begin(request, recording)
  return { recording, reader, switches, read: (bytes) => reader.read(Buffer.from(bytes, 'latin1')) }
}

const answers: [bytes: string, interim: number, body: string][] = [
  ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello', 0, 'hello'],
  ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 0, ''],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 0, 'hello'],
  ['HTTP/1.1 100\r\n\r\nHTTP/1.1 103 x\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello', 2, 'hello'],
  ['HTTP/1.1 103 x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', 1, ''],
]

t.test('the end of an answer is found wherever its bytes are split and whatever follows', async (t) => {
  for (const [bytes, interim, body] of answers) {
    for (let at = 0; at < bytes.length; at += 1) {
      const { read, recording } = startReading()
      const pieces = [bytes.slice(0, at), `${bytes.slice(at)}HTTP/1.1 200 OK\r\n\r\n`]
      const used = pieces.filter((piece) => piece !== '').map(read)
      const found = [used.at(-1), recording.interim.length, String(recording.body)]
      const expected = [bytes.length - at, interim, body]
      if (String(found) !== String(expected)) t.same(found, expected, `split at ${at}`)
      if (used.length === 2 && used[0] !== -1) t.fail(`over at ${at}`)
    }
    t.pass(encodeURI(bytes))
  }
})

t.test('a head may be as long as the limit, whole or in parts', async (t) => {
  const longest = 'HTTP/1.1 204 No Content\r\nx: '.padEnd(maxHeadBytes, 'x')
  t.equal(startReading().read(`${longest}\r\n\r\n`), maxHeadBytes + 4)
  for (const pieces of [
    [`${longest}x\r\n\r\n`],
    [`${longest}x`],
    [longest, 'x'],
    [longest, 'x\r\n\r\n'],
    [...longest.split(''), 'x'],
  ]) {
    const { read } = startReading()
    t.throws(() => pieces.map(read), { code: 'UPSTREAM_HEAD_TOO_LARGE' })
  }
})

t.test('the first part of a head is kept although its buffer is reused', async (t) => {
  const { reader, recording } = startReading()
  const memory = Buffer.from('HTTP/1.1 200 OK\r\nx: ')
  t.equal(reader.read(memory), -1)
  memory.fill(0)
  t.equal(reader.read(Buffer.from('y\r\ncontent-length: 0\r\n\r\n')), 24)
  t.same(recording.head?.headers, ['x', 'y', 'content-length', '0'])
})

t.test('a change of protocol is accepted only if the request asked for it', async (t) => {
  const bytes = 'HTTP/1.1 101 Switching Protocols\r\n\r\nrest'
  const granted = startReading({ method: 'GET', upgrade: 'websocket' })
  t.same([granted.read(bytes), granted.switches], [-1, ['101 rest']])
  const { read, switches } = startReading()
  t.throws(() => read(bytes), { code: 'UPSTREAM_UNREADABLE' })
  t.same(switches, [])
})

t.test('the head determines whether the connection is reusable or its end is the end of the answer', async (t) => {
  for (const [bytes, isPersistent, mayEndHere] of [
    ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', true, false],
    ['HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n', false, true],
    ['HTTP/1.0 200 OK\r\n\r\nabc', false, true],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', true, false],
    ['HTTP/1.1 204 x\r\ncontent-length: 5\r\n\r\n', false, false],
    ['HTTP/1.1 204 x\r\n\r\n', true, false],
    ['HTTP/1.1 103 x\r\n\r\n', false, false],
    ['HTTP/1.1 200 OK\r\n', false, false],
  ] as const) {
    const { read, reader } = startReading()
    read(bytes)
    t.same([reader.isPersistent, reader.mayEndHere], [isPersistent, mayEndHere], encodeURI(bytes))
  }
})

t.test('only one final head is accepted for each request', async (t) => {
  const { read, reader, recording } = startReading()
  read('HTTP/1.1 103 x\r\nkeep-alive: timeout=1\r\n\r\n')
  t.same([reader.hasHead, reader.keepAlive], [false, undefined])
  read('HTTP/1.1 204 x\r\nkeep-alive: timeout=9\r\n\r\n')
  reader.stop()
  t.same([reader.hasHead, reader.keepAlive], [true, 'timeout=9'])
  reader.begin(asked, recording)
  t.equal(reader.hasHead, false)
  read('HTTP/1.1 204 x\r\n\r\n')
  t.equal(reader.keepAlive, undefined)
})

for (const [name, calls] of [
  ['onInterim', ['onAnswer', 'onInterim']],
  ['onHead', ['onAnswer', 'onInterim', 'onAnswer', 'onHead']],
  ['onData', ['onAnswer', 'onInterim', 'onAnswer', 'onHead', 'onData']],
] as const) {
  t.test(`a reader that is stopped in ${name} calls no more hooks`, async (t) => {
    const bytes =
      'HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n'
    const recording: Recording = new Recording({ [name]: () => reading.reader.stop() })
    const reading = startReading(asked, recording)
    reading.read(bytes)
    t.same(recording.calls, calls)
  })
}

t.test('a stopped reader ignores further bytes', async (t) => {
  const { read, reader, recording } = startReading()
  reader.stop()
  read('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  t.same(recording.calls, [])
})

t.test('onHead says whether the body starts in the same read', async (t) => {
  const bodiesInSameRead: boolean[] = []
  for (const bytes of ['HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\nbody']) {
    const { read } = startReading(
      asked,
      new Recording({ onHead: (_head, isBodyHere) => bodiesInSameRead.push(isBodyHere) }),
    )
    read(bytes)
  }
  t.same(bodiesInSameRead, [false, true])
})
