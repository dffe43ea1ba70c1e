import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { type ConnectionPool, idleLimitOf } from '../../../src/proxy/http1/connection-pool.ts'
import { startRawOrigin } from '../support.ts'
import { holdTime, numbering, type Recording, send, startConnections } from './support.ts'

type Numbered = { connections: ConnectionPool; sockets: Socket[] }

/** An upstream that answers with the number of the connection. A path in `answers` gets that answer instead. */
async function startNumbered(t: Test, answers: Record<string, string> = {}): Promise<Numbered> {
  const numberOf = numbering()
  const sockets: Socket[] = []
  const origin = await startRawOrigin(t, (head, socket) => {
    const number = numberOf(socket)
    sockets[number - 1] = socket
    const path = head.split(' ')[1] ?? ''
    socket.write(answers[path] ?? `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${number}`)
  })
  return { connections: startConnections(t, origin.url), sockets }
}

const answerOf = (body: string) => ({ status: 200, body })

t.test('one connection carries several requests in turn', async (t) => {
  const { connections } = await startNumbered(t)
  for (const method of ['GET', 'POST', 'DELETE']) {
    t.same(await send(connections, { method }).outcome, answerOf('1'))
  }
  const upload = { method: 'POST', headers: ['host', 'a', 'content-length', '4'], bodyLength: 4 }
  t.same(await send(connections, { ...upload, body: Readable.from([Buffer.from('body')]) }).outcome, answerOf('1'))
  t.same(await send(connections).outcome, answerOf('1'))
})

t.test('concurrent requests have a connection each, and the connection used last is used next', async (t) => {
  const { connections } = await startNumbered(t)
  const first = send(connections)
  const second = send(connections)
  const bodies = await Promise.all([first.outcome, second.outcome])
  t.same(new Set(bodies), new Set([answerOf('1'), answerOf('2')]))
  await nextTurn()
  const next = await send(connections).outcome
  await nextTurn()
  t.same(await send(connections).outcome, next)
})

for (const [what, answer] of [
  ['Connection: close', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['bytes behind the answer', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n\r\n'],
  ['bytes behind a body', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n12'],
  ['a second answer', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  [
    'bytes behind the last chunk',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ],
  ['204 with a length', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n'],
  ['204 in chunks', 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n'],
  ['an idle time too short to use', 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=2\r\ncontent-length: 0\r\n\r\n'],
] as const) {
  t.test(`a connection is not used again after ${what}`, async (t) => {
    const { connections, sockets } = await startNumbered(t, { '/last': answer })
    t.match(await send(connections, { path: '/last' }).outcome, { status: /^(200|204|304)$/ })
    t.same(await send(connections).outcome, answerOf('2'))
    if (sockets[0]?.closed !== true) await once(sockets[0] as Socket, 'close')
    t.pass('and it is closed')
  })
}

for (const [what, answer] of [
  ['HTTP/1.0 that keeps it', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n'],
  ['204 without a length', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['304 without a length', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ['the last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n'],
] as const) {
  t.test(`a connection is used again after ${what}`, async (t) => {
    const { connections } = await startNumbered(t, { '/last': answer })
    t.match(await send(connections, { path: '/last' }).outcome, { status: /^(200|204|304)$/ })
    t.same(await send(connections).outcome, answerOf('1'))
  })
}

t.test('a connection is used again after HEAD, although its answer announces a body', async (t) => {
  const { connections } = await startNumbered(t, { '/head': 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n' })
  t.same(await send(connections, { path: '/head', method: 'HEAD' }).outcome, answerOf(''))
  t.same(await send(connections).outcome, answerOf('1'))
})

for (const bodyLength of [-1, 4]) {
  t.test(
    `a connection is not used again if the answer arrived before the request body was sent (${bodyLength})`,
    async (t) => {
      const { connections } = await startNumbered(t)
      const body = new PassThrough()
      body.write('bo')
      const framing = bodyLength === -1 ? [] : ['content-length', '4']
      const early = send(connections, { method: 'POST', headers: ['host', 'a', ...framing], body, bodyLength })
      t.same(await early.outcome, answerOf('1'))
      t.same(await send(connections).outcome, answerOf('2'))
      body.end('dy')
      await nextTurn()
      t.equal(early.calls.at(-1), 'onEnd')
    },
  )
}

t.test('unsolicited bytes close an idle connection and never become the next answer', async (t) => {
  const { connections, sockets } = await startNumbered(t)
  await send(connections).outcome
  const closed = once(sockets[0] as Socket, 'close')
  sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
  await closed
  t.same(await send(connections).outcome, answerOf('2'))
})

t.test('bytes that arrive in the same turn as the next request never become its answer', async (t) => {
  const { connections, sockets } = await startNumbered(t)
  await send(connections).outcome
  await nextTurn()
  sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
  const next = send(connections, { method: 'POST' })
  t.same(await next.outcome, answerOf('2'))
  t.same(next.calls.slice(0, 3), ['onCarrier', 'onCarrier', 'onSend'], 'sent once, over the other connection')
})

t.test(
  'a request uses a new connection if the idle one has ended, even if the request must not be repeated',
  async (t) => {
    for (const isSameTurn of [false, true]) {
      const { connections, sockets } = await startNumbered(t)
      await send(connections).outcome
      const closed = once(sockets[0] as Socket, 'close')
      await nextTurn()
      sockets[0]?.end()
      if (!isSameTurn) await closed
      const upload = { method: 'POST', headers: ['host', 'a', 'content-length', '4'], bodyLength: 4 }
      const next = send(connections, { ...upload, body: Readable.from([Buffer.from('body')]) })
      t.same(await next.outcome, answerOf('2'))
    }
  },
)

t.test('a request cancelled before it is written to an idle connection is not sent', async (t) => {
  const { connections, sockets } = await startNumbered(t)
  await send(connections).outcome
  const closed = once(sockets[0] as Socket, 'close')
  const given = send(connections)
  given.carrier?.abort()
  await closed
  t.same(given.calls, ['onCarrier'])
  t.same(await send(connections).outcome, answerOf('2'))
})

t.test('an idle connection is kept for less time than the upstream announces', async (t) => {
  for (const [keepAlive, expected] of [
    [undefined, 4_000],
    ['', 4_000],
    ['max=100', 4_000],
    ['timeout', 4_000],
    ['timeout=', 4_000],
    ['timeout=soon', 4_000],
    ['timeout=-5', 4_000],
    ['mytimeout=60', 4_000],
    ['timeout=5', 3_000],
    ['timeout=5, max=100', 3_000],
    ['max=100, timeout=65', 63_000],
    ['max=100,timeout=65', 63_000],
    ['Timeout = "65"', 63_000],
    ['timeout=0', -2_000],
    ['timeout=2', 0],
    ['timeout=602', 600_000],
    ['timeout=603', 600_000],
    [`timeout=${'9'.repeat(400)}`, 600_000],
  ] as const) {
    t.equal(idleLimitOf(keepAlive), expected, String(keepAlive).slice(0, 40))
  }
})

t.test('a connection that was idle for too long is closed, and the others stay open', async (t) => {
  const time = holdTime(t)
  const { connections, sockets } = await startNumbered(t, {
    '/long': 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=60\r\ncontent-length: 0\r\n\r\n',
  })
  await send(connections, { path: '/long' }).outcome
  const [first, second] = [send(connections, { path: '/long' }), send(connections)]
  await Promise.all([first.outcome, second.outcome])
  await nextTurn()
  const closed = once(sockets[1] as Socket, 'close')
  for (let passedMs = 0; passedMs < 4_000; passedMs += 500) {
    t.equal(sockets[1]?.closed, false)
    time.pass(500)
  }
  await closed
  t.same(await send(connections).outcome, answerOf('1'))
  await nextTurn()
  const last = once(sockets[0] as Socket, 'close')
  for (let passedMs = 0; passedMs < 4_000; passedMs += 500) time.pass(500)
  await last
  t.same(await send(connections).outcome, answerOf('3'))
})

t.test('a connection in regular use does not expire', async (t) => {
  const time = holdTime(t)
  const { connections } = await startNumbered(t)
  for (let second = 0; second < 10; second += 1) {
    t.same(await send(connections).outcome, answerOf('1'))
    for (let half = 0; half < 2; half += 1) time.pass(500)
  }
})

t.test('a connection is not used again if its request was cancelled at the first byte of the answer', async (t) => {
  const numberOf = numbering()
  const seen: number[] = []
  const origin = await startRawOrigin(t, (_head, socket) => {
    seen.push(numberOf(socket))
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  const connections = startConnections(t, origin.url)
  const given: Recording = send(connections, {}, { onAnswer: () => given.carrier?.abort() })
  await once(given, 'onAnswer')
  t.same(await send(connections, { method: 'POST' }).outcome, { status: 200, body: '' })
  t.same(given.calls, ['onCarrier', 'onSend', 'onAnswer'])
  t.same(seen, [1, 2])
})

t.test('a connection is not used again if its end completed the answer', async (t) => {
  const origin = await startRawOrigin(t, (head, socket) => {
    if (head.startsWith('GET')) socket.end('HTTP/1.1 200 OK\r\n\r\nto the end')
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  })
  const connections = startConnections(t, origin.url)
  let second: Recording | undefined
  const first = send(connections, {}, { onEnd: () => (second = send(connections, { method: 'POST' })) })
  t.same(await first.outcome, { status: 200, body: 'to the end' })
  t.same(await second?.outcome, { status: 200, body: 'ok' })
})

for (const phase of ['poll', 'check'] as const) {
  t.test(
    `bytes that wait on an idle connection do not become the next answer, requested in phase ${phase}`,
    async (t) => {
      const numberOf = numbering()
      let upstream: Socket | undefined
      const origin = await startRawOrigin(t, (_head, socket) => {
        upstream ??= socket
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${numberOf(socket)}`)
      })
      const connections = startConnections(t, origin.url)
      const first = send(connections)
      if (phase === 'check') {
        await first.outcome
        await nextTurn()
      } else await once(first, 'onEnd')
      upstream?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
      t.same(await send(connections).outcome, { status: 200, body: '2' })
    },
  )
}
