import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createConnectionPool } from '../../../src/proxy/http1/connection-pool.ts'
import { freePort } from '../../support/ports.ts'
import { startRawOrigin } from '../support.ts'
import { holdTime, type Recording, send, startConnections } from './support.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** An upstream that sends nothing by itself. Gives its first connection once a head has arrived there. */
async function startSilent(t: Test): Promise<{ url: string; arrived: Promise<Socket> }> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const { url } = await startRawOrigin(t, (_head, socket) => resolve(socket))
  return { url, arrived: promise }
}

t.test('a request to an unreachable upstream fails, and nothing is sent', async (t) => {
  const recording = send(startConnections(t, `http://127.0.0.1:${await freePort()}`))
  t.same(await recording.outcome, { failure: 'ECONNREFUSED' })
  t.same(recording.calls, ['onCarrier', 'onFailure'])
})

t.test('a request whose connection is not established in time fails', async (t) => {
  const time = holdTime(t)
  // The upstream accepts the connection and leaves the handshake unanswered.
  const origin = await startRawOrigin(t, () => {})
  const connections = startConnections(t, origin.url.replace('http:', 'https:'), { connectTimeoutMs: 1_000 })
  const recording = send(connections)
  time.pass(999)
  await nextTurn()
  t.same(recording.calls, ['onCarrier'])
  time.pass(1)
  t.same(await recording.outcome, { failure: 'UPSTREAM_CONNECT_TIMEOUT' })
  t.same(recording.calls, ['onCarrier', 'onFailure'])
})

t.test('the connect timeout does not end an established connection', async (t) => {
  const time = holdTime(t)
  const origin = await startSilent(t)
  const recording = send(startConnections(t, origin.url, { connectTimeoutMs: 1_000 }))
  const socket = await origin.arrived
  time.pass(1_000)
  socket.write(ok)
  t.same(await recording.outcome, { status: 200, body: 'ok' })
})

t.test('an invalid address is refused before any request', async (t) => {
  for (const address of ['', 'portal', '127.0.0.1', 'ftp://127.0.0.1', 'file:///x', 'http://']) {
    t.throws(
      () => createConnectionPool(address, { connectTimeoutMs: 1, maxHeaderBytes: 65_536 }),
      { name: 'TypeError' },
      address,
    )
  }
})

t.test('a request whose response head does not arrive in time fails', async (t) => {
  for (const part of ['', 'HTTP/1.1 200 OK\r\nx: ', 'HTTP/1.1 103 Early Hints\r\n\r\n']) {
    const time = holdTime(t)
    const origin = await startSilent(t)
    const recording = send(startConnections(t, origin.url), { headTimeoutMs: 1_000 })
    const socket = await origin.arrived
    time.pass(999)
    if (part !== '') {
      const seen = once(recording, 'onAnswer')
      socket.write(part)
      await seen
    }
    t.notOk(recording.calls.includes('onFailure'))
    time.pass(1)
    t.same(await recording.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
  }
})

t.test('a response body may take any time', async (t) => {
  const time = holdTime(t)
  const origin = await startSilent(t)
  const recording = send(startConnections(t, origin.url), { headTimeoutMs: 1_000 })
  const socket = await origin.arrived
  const seen = once(recording, 'onData')
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbo')
  await seen
  time.pass(10_000)
  socket.write('dy')
  t.same(await recording.outcome, { status: 200, body: 'body' })
})

t.test('every request has its own timeout, even on a reused connection', async (t) => {
  const time = holdTime(t)
  const origin = await startRawOrigin(t, (head, socket) => {
    if (!head.startsWith('GET /silent')) socket.write(ok)
  })
  const connections = startConnections(t, origin.url)
  await send(connections, { headTimeoutMs: 1_000 }).outcome
  time.pass(900)
  await send(connections, { headTimeoutMs: 1_000 }).outcome
  for (const headTimeoutMs of [1_000, 300]) {
    time.pass(100)
    const silent = send(connections, { path: '/silent', headTimeoutMs })
    await once(silent, 'onSend')
    time.pass(headTimeoutMs - 1)
    t.same(silent.calls.at(-1), 'onSend')
    time.pass(1)
    t.same(await silent.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
    await send(connections, { headTimeoutMs: 1_000 }).outcome
  }
})

t.test('the timeout for a response head starts after the upload', async (t) => {
  const time = holdTime(t)
  const origin = await startSilent(t)
  const body = new PassThrough()
  const recording = send(startConnections(t, origin.url), { method: 'POST', body, headTimeoutMs: 1_000 })
  await origin.arrived
  for (let part = 0; part < 3; part += 1) {
    time.pass(1_000)
    time.pass(1_000)
    body.write('part')
    await nextTurn()
  }
  t.same(recording.calls, ['onCarrier', 'onSend'])
  body.end()
  await once(body, 'end')
  time.pass(999)
  t.same(recording.calls, ['onCarrier', 'onSend'])
  time.pass(1)
  t.same(await recording.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
})

t.test('an upstream that stops reading the upload fails after the timeout', async (t) => {
  const time = holdTime(t)
  const origin = await startSilent(t)
  const body = new PassThrough()
  const recording = send(startConnections(t, origin.url), { method: 'POST', body, headTimeoutMs: 1_000 })
  const socket = await origin.arrived
  socket.pause()
  const part = Buffer.alloc(1_000_000)
  const isFull = (): boolean => body.isPaused()
  for (let parts = 0; parts < 100 && !isFull(); parts += 1) {
    body.write(part)
    await nextTurn()
  }
  time.pass(1_000)
  t.same(await recording.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
  body.destroy()
})

t.test('a cancelled request gets no more calls, and its connection is closed', async (t) => {
  const origin = await startSilent(t)
  const connections = startConnections(t, origin.url)
  const recording = send(connections)
  const socket = await origin.arrived
  const closed = once(socket, 'close')
  recording.carrier?.abort()
  recording.carrier?.abort()
  await closed
  t.same(recording.calls, ['onCarrier', 'onSend'])
})

t.test('a request cancelled before its connection is established is never sent', async (t) => {
  const heads: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => socket.write(ok, () => heads.push(head)))
  const connections = startConnections(t, origin.url)
  const recording = send(connections, { path: '/given-up' })
  recording.carrier?.abort()
  t.same(await send(connections, { path: '/other' }).outcome, { status: 200, body: 'ok' })
  t.same(recording.calls, ['onCarrier'])
  t.same(
    heads.map((head) => head.split(' ')[1]),
    ['/other'],
  )
})

for (const [name, calls] of [
  ['onInterim', ['onCarrier', 'onSend', 'onAnswer', 'onInterim']],
  ['onHead', ['onCarrier', 'onSend', 'onAnswer', 'onInterim', 'onAnswer', 'onHead']],
  ['onData', ['onCarrier', 'onSend', 'onAnswer', 'onInterim', 'onAnswer', 'onHead', 'onData']],
] as const) {
  t.test(`a request cancelled in ${name} gets no more calls, even for bytes that have arrived`, async (t) => {
    const closed = Promise.withResolvers<void>()
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.on('close', closed.resolve)
      socket.write(
        'HTTP/1.1 103 Early Hints\r\n\r\n' +
          'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n',
      )
    })
    const connections = startConnections(t, origin.url)
    const recording = send(connections, {}, { [name]: () => recording.carrier?.abort() })
    await closed.promise
    t.same(recording.calls, calls)
    t.match(await send(connections).outcome, { status: 200 }, 'the next request has a connection of its own')
  })
}

t.test('a request that cannot be written fails, and no byte of it is sent', async (t) => {
  const origin = await startRawOrigin(t, () => t.fail('something was sent'))
  const recording = send(startConnections(t, origin.url), { path: '/a b' })
  t.same(await recording.outcome, { failure: 'UPSTREAM_UNWRITABLE' })
  t.same(recording.calls, ['onCarrier', 'onFailure'])
})

t.test('closing fails every request under way, in any state, and every later one', async (t) => {
  const origin = await startRawOrigin(t, (head, socket) => {
    if (head.startsWith('GET /body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart')
    if (head.startsWith('GET /ok')) socket.write(ok)
  })
  const connections = startConnections(t, origin.url)
  const idle = send(connections, { path: '/ok' })
  await idle.outcome
  const assignedLater = send(connections, { path: '/ok' })
  await assignedLater.outcome
  const inHead = send(connections)
  await once(inHead, 'onSend')
  const inBody = send(connections, { path: '/body' })
  await once(inBody, 'onData')
  await send(connections, { path: '/ok' }).outcome
  const opening = send(connections, { upgrade: 'websocket' })
  const assigned = send(connections, { path: '/ok' })
  connections.close()
  const late = send(connections)
  for (const [recording, calls] of [
    [inHead, ['onCarrier', 'onSend', 'onFailure']],
    [inBody, ['onCarrier', 'onSend', 'onAnswer', 'onHead', 'onData', 'onFailure']],
    [opening, ['onCarrier', 'onFailure']],
    [assigned, ['onCarrier', 'onFailure']],
    [late, ['onFailure']],
  ] as const) {
    t.same([await recording.outcome, recording.calls], [{ failure: 'UPSTREAM_STOPPED' }, calls])
  }
  t.equal(idle.calls.at(-1), 'onEnd')
})

t.test('closing ends idle connections and their timers', async (t) => {
  const time = holdTime(t)
  const closed = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.on('close', closed.resolve)
    socket.write(ok)
  })
  const connections = startConnections(t, origin.url)
  await send(connections).outcome
  connections.close()
  await closed.promise
  t.doesNotThrow(() => time.pass(100_000))
})

t.test('closing reaches all connections, even while some end by themselves', async (t) => {
  const sockets: Socket[] = []
  const all = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, (_head, socket) => {
    if (sockets.push(socket) === 4) all.resolve()
  })
  const connections = startConnections(t, origin.url)
  const recordings = [1, 2, 3, 4].map(() => send(connections))
  await all.promise
  recordings[1]?.carrier?.abort()
  recordings[3]?.carrier?.abort()
  connections.close()
  t.same(
    recordings.map(({ calls }) => calls.at(-1)),
    ['onFailure', 'onSend', 'onFailure', 'onSend'],
  )
})

t.test('a request that cannot be written fails on a reused connection, too', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.write(ok))
  const connections = startConnections(t, origin.url)
  t.same(await send(connections).outcome, { status: 200, body: 'ok' })
  const recording = send(connections, { path: '/a b' })
  for (let turn = 0; turn < 100; turn += 1) await nextTurn()
  t.same(recording.calls, ['onCarrier', 'onFailure'])
})

t.test('a request cancelled as soon as it has its connection does not affect other connections', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, () => arrived.resolve())
  const connections = startConnections(t, origin.url)
  const other = send(connections)
  await arrived.promise
  send(connections, {}, { onCarrier: (carrier) => carrier.abort() })
  connections.close()
  t.same(other.calls, ['onCarrier', 'onSend', 'onFailure'])
})

for (const [what, hook, answer] of [
  ['part of the body', 'onData', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\nnonsense'],
  ['byte of the answer', 'onAnswer', 'nonsense\r\n\r\n'],
] as const) {
  t.test(`nonsense behind the ${what} at which a request was cancelled does not end the process`, async (t) => {
    const thrown: unknown[] = []
    const closed = Promise.withResolvers<void>()
    process.once('uncaughtException', (error) => thrown.push(error))
    t.teardown(() => process.removeAllListeners('uncaughtException'))
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.on('close', closed.resolve)
      socket.write(answer)
    })
    const given: Recording = send(startConnections(t, origin.url), {}, { [hook]: () => given.carrier?.abort() })
    await closed.promise
    await nextTurn()
    t.same(thrown, [])
  })
}

t.test('a unix: address without a socket path is refused', async (t) => {
  t.throws(() => startConnections(t, 'unix:'), { name: 'TypeError' })
})

t.test('a request cancelled while it is sent does not read its body', async (t) => {
  const origin = await startRawOrigin(t, () => {})
  const body = new PassThrough()
  body.end('body')
  const given: Recording = send(
    startConnections(t, origin.url),
    { method: 'POST', body },
    { onSend: () => given.carrier?.abort() },
  )
  await once(given, 'onSend')
  for (let turn = 0; turn < 10; turn += 1) await nextTurn()
  t.same([body.readableLength, body.listenerCount('data')], [4, 0])
})
