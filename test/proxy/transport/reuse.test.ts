import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import type { Transport } from '../../../src/proxy/transport.ts'
import { startRawOrigin } from '../support.ts'
import { numbering, type Recording, send, startTransport } from './support.ts'

type Numbered = { connections: Transport; sockets: Socket[] }

/** An upstream whose answers' bodies are the number of the connection; a path in `answers` gets that answer instead. */
async function startNumbered(t: Test, answers: Record<string, string> = {}): Promise<Numbered> {
  const numberOf = numbering()
  const sockets: Socket[] = []
  const origin = await startRawOrigin(t, (head, socket) => {
    const number = numberOf(socket)
    sockets[number - 1] = socket
    const path = head.split(' ')[1] ?? ''
    socket.write(answers[path] ?? `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${number}`)
  })
  return { connections: startTransport(t, origin.url), sockets }
}

const answerOf = (body: string) => ({ status: 200, body })

/** A connection is used again once a turn of the event loop has shown that nothing came behind its answer. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn()
}

t.test('one connection carries request after request', async (t) => {
  const { connections } = await startNumbered(t)
  for (const method of ['GET', 'POST', 'DELETE']) {
    t.same(await send(connections, { method }).outcome, answerOf('1'))
    await rested()
  }
  const upload = { method: 'POST', headers: ['host', 'a', 'content-length', '4'] }
  t.same(await send(connections, { ...upload, body: Readable.from([Buffer.from('body')]) }).outcome, answerOf('1'))
  await rested()
  t.same(await send(connections).outcome, answerOf('1'))
})

t.test('requests at the same time have a connection each, and the one used last is used next', async (t) => {
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
  ['a byte behind the answer', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nx'],
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
    await rested()
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
    await rested()
    t.same(await send(connections).outcome, answerOf('1'))
  })
}

t.test('a connection is not used again after HEAD, whose answer might have a body all the same', async (t) => {
  const { connections } = await startNumbered(t, { '/head': 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n' })
  t.same(await send(connections, { path: '/head', method: 'HEAD' }).outcome, answerOf(''))
  await rested()
  t.same(await send(connections).outcome, answerOf('2'))
})

for (const bodyLength of [-1, 4]) {
  t.test(`a connection is not used again where the answer came before the body was sent (${bodyLength})`, async (t) => {
    const { connections } = await startNumbered(t)
    const body = new PassThrough()
    body.write('bo')
    const framing = bodyLength === -1 ? [] : ['content-length', '4']
    const early = send(connections, { method: 'POST', headers: ['host', 'a', ...framing], body })
    t.same(await early.outcome, answerOf('1'))
    await rested()
    t.same(await send(connections).outcome, answerOf('2'))
    body.end('dy')
    await nextTurn()
    t.equal(early.heard.at(-1), 'end')
  })
}

t.test('bytes that nobody asked for close an idle connection, and are never the next answer', async (t) => {
  const { connections, sockets } = await startNumbered(t)
  await send(connections).outcome
  const closed = once(sockets[0] as Socket, 'close')
  sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
  await closed
  t.same(await send(connections).outcome, answerOf('2'))
})

t.test('bytes that come in the turn in which the next request is given are never its answer', async (t) => {
  const { connections, sockets } = await startNumbered(t)
  await send(connections).outcome
  await rested()
  sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
  const next = send(connections, { method: 'POST' })
  t.same(await next.outcome, answerOf('2'))
  t.same(next.heard, ['sent', 'begun', 'head', 'data', 'end'], 'sent once, over the other connection')
})

t.test(
  'a request goes over a new connection where the idle one has ended, even one that is never sent twice',
  async (t) => {
    for (const isSameTurn of [false, true]) {
      const { connections, sockets } = await startNumbered(t)
      await send(connections).outcome
      const closed = once(sockets[0] as Socket, 'close')
      await rested()
      sockets[0]?.end()
      if (!isSameTurn) await closed
      const upload = { method: 'POST', headers: ['host', 'a', 'content-length', '4'] }
      const next = send(connections, { ...upload, body: Readable.from([Buffer.from('body')]) })
      t.same(await next.outcome, answerOf('2'))
    }
  },
)

t.test('a connection given up at the first byte of an answer is not used again', async (t) => {
  const numberOf = numbering()
  const seen: number[] = []
  const origin = await startRawOrigin(t, (_head, socket) => {
    seen.push(numberOf(socket))
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  const connections = startTransport(t, origin.url)
  const given: Recording = send(connections, {}, { begun: () => given.controller?.abort(new Error('given up')) })
  await once(given, 'begun')
  t.same(await send(connections, { method: 'POST' }).outcome, { status: 200, body: '' })
  t.same(given.heard, ['sent', 'begun', 'failed'])
  t.same(seen, [1, 2])
})

t.test('a connection whose end was the end of the answer is not used again', async (t) => {
  const origin = await startRawOrigin(t, (head, socket) => {
    if (head.startsWith('GET')) socket.end('HTTP/1.1 200 OK\r\n\r\nto the end')
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  })
  const connections = startTransport(t, origin.url)
  let second: Recording | undefined
  const first = send(connections, {}, { end: () => (second = send(connections, { method: 'POST' })) })
  t.same(await first.outcome, { status: 200, body: 'to the end' })
  t.same(await second?.outcome, { status: 200, body: 'ok' })
})

for (const phase of ['poll', 'check'] as const) {
  t.test(`bytes that wait on an idle connection are not the next answer, asked in phase ${phase}`, async (t) => {
    const numberOf = numbering()
    let upstream: Socket | undefined
    const origin = await startRawOrigin(t, (_head, socket) => {
      upstream ??= socket
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${numberOf(socket)}`)
    })
    const connections = startTransport(t, origin.url)
    const first = send(connections)
    if (phase === 'check') {
      await first.outcome
      await rested()
    } else await once(first, 'end')
    upstream?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison')
    t.same(await send(connections).outcome, { status: 200, body: '2' })
  })
}
