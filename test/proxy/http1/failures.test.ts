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

/** An upstream that says nothing of its own; gives its first connection once a head has come over it. */
async function startSilent(t: Test): Promise<{ url: string; arrived: Promise<Socket> }> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const { url } = await startRawOrigin(t, (_head, socket) => resolve(socket))
  return { url, arrived: promise }
}

t.test('an upstream that is not there is a failure, and nothing is sent', async (t) => {
  const recording = send(startConnections(t, `http://127.0.0.1:${await freePort()}`))
  t.same(await recording.outcome, { failure: 'ECONNREFUSED' })
  t.same(recording.heard, ['onCarrier', 'onFailure'])
})

t.test('an upstream whose connection does not stand in time is a failure', async (t) => {
  const time = holdTime(t)
  // It takes the connection and leaves the handshake unanswered.
  const origin = await startRawOrigin(t, () => {})
  const connections = startConnections(t, origin.url.replace('http:', 'https:'), { connectTimeoutMs: 1_000 })
  const recording = send(connections)
  time.pass(999)
  await nextTurn()
  t.same(recording.heard, ['onCarrier'])
  time.pass(1)
  t.same(await recording.outcome, { failure: 'UPSTREAM_CONNECT_TIMEOUT' })
  t.same(recording.heard, ['onCarrier', 'onFailure'])
})

t.test('a connection that stands is not ended by the time to connect', async (t) => {
  const time = holdTime(t)
  const origin = await startSilent(t)
  const recording = send(startConnections(t, origin.url, { connectTimeoutMs: 1_000 }))
  const socket = await origin.arrived
  time.pass(1_000)
  socket.write(ok)
  t.same(await recording.outcome, { status: 200, body: 'ok' })
})

t.test('an address that is none is refused before any request', async (t) => {
  for (const address of ['', 'portal', '127.0.0.1', 'ftp://127.0.0.1', 'file:///x', 'http://']) {
    t.throws(
      () => createConnectionPool(address, { connectTimeoutMs: 1, maxHeaderBytes: 65_536 }),
      { name: 'TypeError' },
      address,
    )
  }
})

t.test('a head that does not come in time is a failure', async (t) => {
  for (const part of ['', 'HTTP/1.1 200 OK\r\nx: ', 'HTTP/1.1 103 Early Hints\r\n\r\n']) {
    const time = holdTime(t)
    const origin = await startSilent(t)
    const recording = send(startConnections(t, origin.url), { headTimeoutMs: 1_000 })
    const socket = await origin.arrived
    time.pass(999)
    if (part !== '') {
      const heard = once(recording, 'onAnswer')
      socket.write(part)
      await heard
    }
    t.notOk(recording.heard.includes('onFailure'))
    time.pass(1)
    t.same(await recording.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
  }
})

t.test('a body may take any time', async (t) => {
  const time = holdTime(t)
  const origin = await startSilent(t)
  const recording = send(startConnections(t, origin.url), { headTimeoutMs: 1_000 })
  const socket = await origin.arrived
  const heard = once(recording, 'onData')
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbo')
  await heard
  time.pass(10_000)
  socket.write('dy')
  t.same(await recording.outcome, { status: 200, body: 'body' })
})

t.test('every request has its own time, also on a connection that was used before', async (t) => {
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
    t.same(silent.heard.at(-1), 'onSend')
    time.pass(1)
    t.same(await silent.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
    await send(connections, { headTimeoutMs: 1_000 }).outcome
  }
})

t.test('the time for a head does not run out while the client uploads, but after it', async (t) => {
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
  t.same(recording.heard, ['onCarrier', 'onSend'])
  body.end()
  await once(body, 'end')
  time.pass(999)
  t.same(recording.heard, ['onCarrier', 'onSend'])
  time.pass(1)
  t.same(await recording.outcome, { failure: 'UPSTREAM_HEAD_TIMEOUT' })
})

t.test('an upstream that stops taking the upload has no more than its time', async (t) => {
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

t.test('a request that was given up hears no more, and its connection is closed', async (t) => {
  const origin = await startSilent(t)
  const connections = startConnections(t, origin.url)
  const recording = send(connections)
  const socket = await origin.arrived
  const closed = once(socket, 'close')
  recording.carrier?.abort()
  recording.carrier?.abort()
  await closed
  t.same(recording.heard, ['onCarrier', 'onSend'])
})

t.test('a request that is given up before its connection stands is never sent', async (t) => {
  const heads: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => socket.write(ok, () => heads.push(head)))
  const connections = startConnections(t, origin.url)
  const recording = send(connections, { path: '/given-up' })
  recording.carrier?.abort()
  t.same(await send(connections, { path: '/other' }).outcome, { status: 200, body: 'ok' })
  t.same(recording.heard, ['onCarrier'])
  t.same(
    heads.map((head) => head.split(' ')[1]),
    ['/other'],
  )
})

for (const [name, heard] of [
  ['onInterim', ['onCarrier', 'onSend', 'onAnswer', 'onInterim']],
  ['onHead', ['onCarrier', 'onSend', 'onAnswer', 'onInterim', 'onAnswer', 'onHead']],
  ['onData', ['onCarrier', 'onSend', 'onAnswer', 'onInterim', 'onAnswer', 'onHead', 'onData']],
] as const) {
  t.test(`a request that is given up in ${name} hears no more, whatever has come already`, async (t) => {
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
    t.same(recording.heard, heard)
    t.match(await send(connections).outcome, { status: 200 }, 'the next request has a connection of its own')
  })
}

t.test('a request that cannot be written fails, and not a byte of it is sent', async (t) => {
  const origin = await startRawOrigin(t, () => t.fail('something was sent'))
  const recording = send(startConnections(t, origin.url), { path: '/a b' })
  t.same(await recording.outcome, { failure: 'UPSTREAM_UNWRITABLE' })
  t.same(recording.heard, ['onCarrier', 'onFailure'])
})

t.test('a close fails what is under way, in whatever state, and all that comes after', async (t) => {
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
  for (const [recording, heard] of [
    [inHead, ['onCarrier', 'onSend', 'onFailure']],
    [inBody, ['onCarrier', 'onSend', 'onAnswer', 'onHead', 'onData', 'onFailure']],
    [opening, ['onCarrier', 'onFailure']],
    [assigned, ['onCarrier', 'onFailure']],
    [late, ['onFailure']],
  ] as const) {
    t.same([await recording.outcome, recording.heard], [{ failure: 'UPSTREAM_STOPPED' }, heard])
  }
  t.equal(idle.heard.at(-1), 'onEnd')
})

t.test('a close ends idle connections, and their time with them', async (t) => {
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

t.test('connections that end leave the others to be closed', async (t) => {
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
    recordings.map(({ heard }) => heard.at(-1)),
    ['onFailure', 'onSend', 'onFailure', 'onSend'],
  )
})

t.test('a request that cannot be written fails on a connection that was used before, too', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.write(ok))
  const connections = startConnections(t, origin.url)
  t.same(await send(connections).outcome, { status: 200, body: 'ok' })
  const recording = send(connections, { path: '/a b' })
  for (let turn = 0; turn < 100; turn += 1) await nextTurn()
  t.same(recording.heard, ['onCarrier', 'onFailure'])
})

t.test('a request given up as soon as it has its connection leaves the other connections alone', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, () => arrived.resolve())
  const connections = startConnections(t, origin.url)
  const other = send(connections)
  await arrived.promise
  send(connections, {}, { onCarrier: (carrier) => carrier.abort() })
  connections.close()
  t.same(other.heard, ['onCarrier', 'onSend', 'onFailure'])
})

for (const [what, hook, answer] of [
  ['part of the body', 'onData', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\nnonsense'],
  ['byte of the answer', 'onAnswer', 'nonsense\r\n\r\n'],
] as const) {
  t.test(`nonsense behind the ${what} at which a request was given up does not end the process`, async (t) => {
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

t.test('an address without a path of a socket is none', async (t) => {
  t.throws(() => startConnections(t, 'unix:'), { name: 'TypeError' })
})

t.test('a request given up as it is sent leaves its body alone', async (t) => {
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
