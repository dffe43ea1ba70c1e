import { once } from 'node:events'
import type { Socket } from 'node:net'

import t, { type Test } from 'tap'

import { readUntil, startRawOrigin } from '../support.ts'
import { type Recording, send, startConnections } from './support.ts'

const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
const whole = ['onCarrier', 'onSend', 'onAnswer', 'onUpgrade']

/** Requests an upgrade and takes over the socket, with listeners for its errors. */
async function upgraded(t: Test, answer: (socket: Socket) => void): Promise<Recording> {
  const origin = await startRawOrigin(t, (_head, socket) => answer(socket))
  const recording = send(
    startConnections(t, origin.url),
    { upgrade: 'websocket' },
    { onUpgrade: (_head, socket) => void socket.on('error', () => {}) },
  )
  t.teardown(() => recording.socket?.destroy())
  await recording.outcome
  return recording
}

t.test('a granted upgrade gives its head and its socket', async (t) => {
  const heads: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => socket.write(switching, () => heads.push(head)))
  const recording = send(startConnections(t, origin.url), { upgrade: 'websocket' })
  t.same(await recording.outcome, { status: 101, body: '' })
  t.same(recording.calls, whole)
  t.same(recording.head?.headers, ['upgrade', 'websocket', 'connection', 'Upgrade'])
  t.same(heads, ['GET / HTTP/1.1\r\nhost: portal.example.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'])
  recording.socket?.destroy()
})

t.test('bytes after the head of a granted upgrade are read from its socket, in order', async (t) => {
  const { calls, socket } = await upgraded(t, (socket) => socket.write(`${switching}HTTP/1.1 200 OK\r\n\r\nearly `))
  t.same(calls, whole)
  t.match(await readUntil(socket as Socket, 'early '), /^HTTP\/1\.1 200 OK\r\n\r\nearly $/)
})

t.test('a granted upgrade is recognized however its bytes are split', async (t) => {
  for (let at = 1; at < switching.length; at += 7) {
    const first = Promise.withResolvers<void>()
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.setNoDelay(true).write(switching.slice(0, at))
      void first.promise.then(() => socket.write(`${switching.slice(at)}hello`))
    })
    const recording = send(startConnections(t, origin.url), { upgrade: 'websocket' }, { onAnswer: first.resolve })
    t.match(await recording.outcome, { status: 101 })
    t.equal(await readUntil(recording.socket as Socket, 'hello'), 'hello')
    recording.socket?.destroy()
  }
})

t.test('a socket that was passed on carries bytes both ways, and its end reaches no receiver', async (t) => {
  const recording = await upgraded(t, (socket) => {
    socket.write(switching)
    socket.on('data', (data) => socket.end(`${String(data)} back`))
  })
  recording.socket?.write('there and')
  t.equal(await readUntil(recording.socket as Socket, undefined), 'there and back')
  t.same(recording.calls, whole)
  t.equal(recording.socket?.listenerCount('data'), 0)
})

t.test('closing the connections does not close a socket that was passed on', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write(switching)
    socket.on('data', (data) => socket.write(data))
  })
  const connections = startConnections(t, origin.url)
  const recording = send(connections, { upgrade: 'websocket' })
  await recording.outcome
  t.teardown(() => recording.socket?.destroy())
  connections.close()
  recording.socket?.write('still here')
  t.equal(await readUntil(recording.socket as Socket, 'here'), 'still here')
  t.same(recording.calls, whole)
})

t.test('a refused upgrade gives an ordinary answer, and its connection is not used again', async (t) => {
  let connectionsSeen = 0
  const closed = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, (_head, socket) => {
    connectionsSeen += 1
    socket.on('close', closed.resolve)
    socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot there')
  })
  const connections = startConnections(t, origin.url)
  const recording = send(connections, { upgrade: 'websocket' })
  t.same(await recording.outcome, { status: 404, body: 'not there' })
  t.same(recording.calls, ['onCarrier', 'onSend', 'onAnswer', 'onHead', 'onData', 'onEnd'])
  await closed.promise
  await send(connections).outcome
  t.equal(connectionsSeen, 2)
})

t.test('an upgrade always uses a new connection', async (t) => {
  const sockets = new Set<Socket>()
  const origin = await startRawOrigin(t, (head, socket) => {
    sockets.add(socket)
    socket.write(head.includes('upgrade') ? switching : 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  const connections = startConnections(t, origin.url)
  await send(connections).outcome
  const recording = send(connections, { upgrade: 'websocket' })
  t.match(await recording.outcome, { status: 101 })
  t.equal(sockets.size, 2)
  recording.socket?.destroy()
})

t.test('an interim answer may come before an upgrade is granted', async (t) => {
  const { calls, interim } = await upgraded(t, (socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${switching}`))
  t.same(interim.length, 1)
  t.equal(calls.at(-1), 'onUpgrade')
})

t.test('a cancelled upgrade does not receive the socket', async (t) => {
  const arrived = Promise.withResolvers<Socket>()
  const origin = await startRawOrigin(t, (_head, socket) => arrived.resolve(socket))
  const recording = send(startConnections(t, origin.url), { upgrade: 'websocket' })
  const socket = await arrived.promise
  const closed = once(socket, 'close')
  recording.carrier?.abort()
  socket.write(switching)
  await closed
  t.same(recording.calls, ['onCarrier', 'onSend'])
})
