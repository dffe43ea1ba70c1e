import { once } from 'node:events'
import type { Socket } from 'node:net'

import t, { type Test } from 'tap'

import type { UpstreamRequest } from '../../../src/proxy/http1/receiver.ts'
import { startRawOrigin } from '../support.ts'
import { type Recording, send, startConnections } from './support.ts'

/** Sends a request to an upstream that answers with these bytes. */
async function answered(t: Test, parts: string[], request: Partial<UpstreamRequest> = {}): Promise<Recording> {
  const origin = await startRawOrigin(t, (_head, socket) => socket.write(parts.join(''), 'latin1'))
  const recording = send(startConnections(t, origin.url), request)
  await recording.outcome
  return recording
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const whole = ['onCarrier', 'onSend', 'onAnswer', 'onHead', 'onData', 'onEnd']

t.test('an answer is read: head, body, end', async (t) => {
  const { calls, head, body } = await answered(t, [
    'HTTP/1.1 201 Made\r\nContent-Length: 5\r\nX-A: \xe4\r\nKeep-Alive: timeout=9\r\n\r\nhel\xe4o',
  ])
  t.same(calls, whole)
  t.same([head?.status, head?.statusText, head?.keepAlive], [201, 'Made', 'timeout=9'])
  t.same(head?.headers, ['content-length', '5', 'x-a', '\xe4', 'keep-alive', 'timeout=9'])
  t.equal(body.toString('latin1'), 'hel\xe4o')
})

t.test('an answer is the same wherever its bytes are split', async (t) => {
  for (const answer of [
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nx: y\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello',
  ]) {
    let next = { at: 1, isFirstHeard: Promise.resolve<unknown>(undefined) }
    const origin = await startRawOrigin(t, (_head, socket) => {
      const { at, isFirstHeard } = next
      socket.setNoDelay(true).write(answer.slice(0, at))
      void isFirstHeard.then(() => socket.write(answer.slice(at)))
    })
    const connections = startConnections(t, origin.url)
    for (let at = 1; at < answer.length; at += 1) {
      const first = Promise.withResolvers<void>()
      next = { at, isFirstHeard: first.promise }
      const recording = send(connections, {}, { onAnswer: first.resolve })
      const outcome = await recording.outcome
      const interim = answer.includes(' 103 ') ? 1 : 0
      if (recording.body.toString() !== 'hello' || recording.interim.length !== interim) t.same([at, outcome], [])
    }
    t.pass(`${answer.length - 1} places`)
  }
})

t.test('an answer that arrives byte by byte is read', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.setNoDelay(true)
    let at = 0
    const writeNext = (): void => {
      socket.write(answer.slice(at, (at += 1)))
      if (at < answer.length) setImmediate(writeNext)
    }
    writeNext()
  })
  t.same(await send(startConnections(t, origin.url)).outcome, { status: 200, body: 'hello' })
})

t.test('a head may be as long as the limit, and not longer', async (t) => {
  const start = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: '
  const longest = start + 'x'.repeat(65_536 - start.length)
  t.same(await (await answered(t, [longest, '\r\n\r\nok'])).outcome, { status: 200, body: 'ok' })
  for (const parts of [
    [longest, 'x\r\n\r\nok'],
    [longest, 'xxxxx'],
    [start, 'x'.repeat(1_000_000)],
  ]) {
    t.same(await (await answered(t, parts)).outcome, { failure: 'UPSTREAM_HEAD_TOO_LARGE' })
  }
})

t.test('a head that never ends is refused as soon as it is too long, even if it arrives in small parts', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx: ')
    const pump = (): void => {
      if (!socket.destroyed) socket.write('x'.repeat(1_000), () => setImmediate(pump))
    }
    pump()
  })
  t.same(await send(startConnections(t, origin.url)).outcome, { failure: 'UPSTREAM_HEAD_TOO_LARGE' })
})

t.test('each interim answer is reported before the final one', async (t) => {
  const { calls, interim, body } = await answered(t, [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
    'HTTP/1.1 103\r\nlink: </b>\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  ])
  t.same(calls.filter((name) => name !== 'onAnswer').slice(2), [
    'onInterim',
    'onInterim',
    'onInterim',
    'onHead',
    'onData',
    'onEnd',
  ])
  t.same(
    interim.map(({ status, headers }) => [status, ...headers]),
    [[100], [103, 'link', '</a>'], [103, 'link', '</b>']],
  )
  t.equal(String(body), 'ok')
})

t.test('an interim answer is reported before the final one arrives', async (t) => {
  const seen = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')
    void seen.promise.then(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  })
  const recording = send(startConnections(t, origin.url), {}, { onInterim: () => seen.resolve() })
  t.same(await recording.outcome, { status: 200, body: 'ok' })
})

t.test('an interim answer has no body, even if its head announces one', async (t) => {
  const { interim, body } = await answered(t, [
    'HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  ])
  t.same([interim.length, String(body)], [1, 'ok'])
})

t.test('a change of protocol that was not requested is refused', async (t) => {
  for (const upgrade of ['upgrade: websocket\r\nconnection: upgrade\r\n', '']) {
    const { calls, outcome } = await answered(t, [`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n`])
    t.same(await outcome, { failure: 'UPSTREAM_UNREADABLE' })
    t.notOk(calls.includes('onUpgrade'))
  }
})

for (const [what, bytes] of [
  ['nonsense', 'nonsense\r\n\r\n'],
  ['an empty line', '\r\n\r\n'],
  ['a bare LF as the end of the head', 'HTTP/1.1 200 OK\r\ncontent-length: 0\n\r\n\r\n'],
  ['an answer of HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['TLS', '\x15\x03\x01\x00\x02\x02\x16\r\n\r\n'],
  ['an interim answer that is none', 'HTTP/1.1 103 Hints\r\n: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
] as const) {
  t.test(`an unreadable answer fails as a whole: ${what}`, async (t) => {
    const { calls, outcome } = await answered(t, [bytes])
    t.same(await outcome, { failure: 'UPSTREAM_UNREADABLE' })
    t.same(calls, ['onCarrier', 'onSend', 'onAnswer', 'onFailure'])
  })
}

t.test('an unreadable chunk fails an answer that has begun', async (t) => {
  const { calls, outcome } = await answered(t, ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\nx\r\n'])
  t.same(await outcome, { failure: 'UPSTREAM_UNREADABLE' })
  t.same(calls, [...whole.slice(0, -1), 'onFailure'])
})

for (const [method, status, line] of [
  ['HEAD', 200, 'content-length: 5'],
  ['HEAD', 200, 'transfer-encoding: chunked'],
  ['HEAD', 404, 'x: y'],
  ['GET', 204, 'x: y'],
  ['GET', 304, 'content-length: 5'],
  ['GET', 200, 'content-length: 0'],
] as const) {
  t.test(`an answer without a body ends with its head: ${method} ${status} ${line}`, async (t) => {
    const { calls, head } = await answered(t, [`HTTP/1.1 ${status} x\r\n${line}\r\n\r\n`], { method })
    t.same(calls, ['onCarrier', 'onSend', 'onAnswer', 'onHead', 'onEnd'])
    t.same(head?.headers, line.split(': '))
  })
}

t.test('a body without a length ends with the connection', async (t) => {
  for (const head of ['HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 200 OK\r\nconnection: close']) {
    const origin = await startRawOrigin(t, (_head, socket) => socket.end(`${head}\r\n\r\nto the end`))
    t.same(await send(startConnections(t, origin.url)).outcome, { status: 200, body: 'to the end' })
  }
})

for (const [what, answer] of [
  ['a body without a length', 'HTTP/1.1 200 OK\r\n\r\npart'],
  ['a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart'],
  ['a body in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n'],
] as const) {
  t.test(`an answer fails when its connection is reset midway: ${what}`, async (t) => {
    const seen = Promise.withResolvers<void>()
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.write(answer)
      void seen.promise.then(() => socket.resetAndDestroy())
    })
    const recording = send(startConnections(t, origin.url), {}, { onData: () => seen.resolve() })
    t.same(await recording.outcome, { failure: 'ECONNRESET' })
    t.equal(String(recording.body), 'part')
  })
}

for (const [what, answer] of [
  ['before a head', ''],
  ['in a head', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n'],
  ['after an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ['in a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart'],
  ['between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\npart'],
  ['before the last end of line', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n'],
] as const) {
  t.test(`a connection that ends ${what} fails the answer and never completes it`, async (t) => {
    const origin = await startRawOrigin(t, (_head, socket) => socket.end(answer))
    const recording = send(startConnections(t, origin.url))
    t.same(await recording.outcome, { failure: 'UPSTREAM_HUNG_UP' })
    t.notOk(recording.calls.includes('onEnd'))
  })
}

t.test('an error of a receiver fails only its own request', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  )
  const connections = startConnections(t, origin.url)
  const throwing = send(
    connections,
    {},
    {
      onHead() {
        throw new TypeError('of the receiver')
      },
    },
  )
  t.same(await throwing.outcome, { failure: 'TypeError' })
  t.same(await send(connections).outcome, { status: 200, body: 'ok' })
})

t.test('a stream of events arrives event by event', async (t) => {
  const upstream = Promise.withResolvers<Socket>()
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    upstream.resolve(socket)
  })
  const recording = send(startConnections(t, origin.url))
  const socket = await upstream.promise
  await once(recording, 'onHead')
  for (const event of ['one', 'two', 'six']) {
    const seen = once(recording, 'onData')
    socket.write(`3\r\n${event}\r\n`)
    await seen
    t.equal(String(recording.parts.at(-1)), event)
  }
  socket.write('0\r\n\r\n')
  t.same(await recording.outcome, { status: 200, body: 'onetwosix' })
})

for (const upgrade of [undefined, 'websocket']) {
  t.test(`many interim answers cause no internal error (upgrade: ${upgrade})`, async (t) => {
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.write('HTTP/1.1 100\r\n\r\n'.repeat(100_000) + ok)
    })
    t.same(await send(startConnections(t, origin.url), { upgrade }).outcome, { status: 200, body: 'ok' })
  })
}

t.test('an interim answer that announces the end of the connection is refused', async (t) => {
  for (const interim of ['HTTP/1.0 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nconnection: close\r\n\r\n']) {
    const origin = await startRawOrigin(t, (_head, socket) => socket.write(interim + ok))
    t.same(await send(startConnections(t, origin.url)).outcome, { failure: 'UPSTREAM_UNREADABLE' })
  }
})
