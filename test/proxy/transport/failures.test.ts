import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createTransport } from '../../../src/proxy/transport.ts'
import { freePort } from '../../support/ports.ts'
import { startRawOrigin } from '../support.ts'
import { type Recording, send, startTransport } from './support.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const givenUp = new Error('given up')

/** An upstream that says nothing of its own; gives its first connection once a head has come over it. */
async function startSilent(t: Test): Promise<{ url: string; arrived: Promise<Socket> }> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const { url } = await startRawOrigin(t, (_head, socket) => resolve(socket))
  return { url, arrived: promise }
}

t.test('an upstream that is not there is a failure, and nothing is sent', async (t) => {
  const recording = send(startTransport(t, `http://127.0.0.1:${await freePort()}`))
  t.same(await recording.outcome, { failure: 'connect: UNREACHABLE' })
  t.same(recording.heard, ['failed'])
})

t.test('an upstream whose connection does not stand in time is a failure', async (t) => {
  // It takes the connection and leaves the handshake unanswered.
  const origin = await startRawOrigin(t, () => {})
  const recording = send(startTransport(t, origin.url.replace('http:', 'https:'), { connectTimeoutMs: 50 }))
  t.same(await recording.outcome, { failure: 'connect: TIMEOUT' })
  t.same(recording.heard, ['failed'])
})

t.test('an address that is none is refused before any request', async (t) => {
  for (const address of ['', 'portal', '127.0.0.1', 'ftp://127.0.0.1', 'file:///x', 'http://', 'unix:']) {
    t.throws(
      () => createTransport(address, { connectTimeoutMs: 1, maxHeaderBytes: 65_536 }),
      { name: 'TypeError' },
      address,
    )
  }
})

t.test('a head that does not come in time is a failure', async (t) => {
  for (const part of ['', 'HTTP/1.1 200 OK\r\nx: ', 'HTTP/1.1 103 Early Hints\r\n\r\n']) {
    const origin = await startSilent(t)
    const recording = send(startTransport(t, origin.url), { headTimeoutMs: 50 })
    const socket = await origin.arrived
    if (part !== '') socket.write(part)
    t.same(await recording.outcome, { failure: 'TIMEOUT' })
  }
})

t.test('a body may take longer than the head', async (t) => {
  const origin = await startSilent(t)
  const transport = startTransport(t, origin.url)
  const recording = send(transport, { headTimeoutMs: 50 })
  const socket = await origin.arrived
  const heard = once(recording, 'data')
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbo')
  await heard
  const other = send(startTransport(t, (await startSilent(t)).url), { headTimeoutMs: 100 })
  t.same(await other.outcome, { failure: 'TIMEOUT' })
  socket.write('dy')
  t.same(await recording.outcome, { status: 200, body: 'body' })
})

t.test('the time for a head does not run out while the client uploads, but after it', async (t) => {
  const origin = await startSilent(t)
  const body = new PassThrough()
  const recording = send(startTransport(t, origin.url), { method: 'POST', body, headTimeoutMs: 50 })
  body.write('part')
  await origin.arrived
  const other = send(startTransport(t, (await startSilent(t)).url), { headTimeoutMs: 100 })
  t.same(await other.outcome, { failure: 'TIMEOUT' })
  t.same(recording.heard, ['sent'])
  body.end()
  t.same(await recording.outcome, { failure: 'TIMEOUT' })
})

t.test('an upstream that stops taking the upload has no more than its time', async (t) => {
  const origin = await startSilent(t)
  const body = new PassThrough()
  const recording = send(startTransport(t, origin.url), { method: 'POST', body, headTimeoutMs: 200 })
  const part = Buffer.alloc(1_000_000)
  body.write(part)
  const socket = await origin.arrived
  socket.pause()
  for (let parts = 0; parts < 30; parts += 1) {
    body.write(part)
    await nextTurn()
  }
  t.same(await recording.outcome, { failure: 'TIMEOUT' })
  body.destroy()
})

t.test('a request that was given up closes its connection', async (t) => {
  const origin = await startSilent(t)
  const recording = send(startTransport(t, origin.url))
  const closed = once(await origin.arrived, 'close')
  recording.controller?.abort(givenUp)
  recording.controller?.abort(givenUp)
  await closed
  t.same(recording.heard, ['sent', 'failed'])
})

for (const [name, heard] of [
  ['sent', ['sent']],
  ['begun', ['sent', 'begun']],
  ['interim', ['sent', 'begun', 'interim']],
  ['head', ['sent', 'begun', 'interim', 'begun', 'head']],
  ['data', ['sent', 'begun', 'interim', 'begun', 'head', 'data']],
] as const) {
  t.test(`a request that is given up when it hears '${name}' hears no more, whatever has come already`, async (t) => {
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.write(
        'HTTP/1.1 103 Early Hints\r\n\r\n' +
          'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nnonsense',
      )
    })
    const transport = startTransport(t, origin.url)
    const recording: Recording = send(transport, {}, { [name]: () => recording.controller?.abort(givenUp) })
    await recording.outcome
    for (let turn = 0; turn < 10; turn += 1) await nextTurn()
    t.same(recording.heard, [...heard, 'failed'])
  })
}

t.test('a request that cannot be written fails, and not a byte of it is sent', async (t) => {
  const origin = await startRawOrigin(t, () => t.fail('something was sent'))
  const transport = startTransport(t, origin.url)
  for (const request of [
    { path: '/a b' },
    { path: '/\r\nx' },
    { path: '*' },
    { method: 'GET /x' },
    { headers: ['host', 'a', 'x', 'a\r\nb: c'] },
    { headers: ['host', 'a', 'x y', 'a'] },
    { headers: ['host', 'a', 'transfer-encoding', 'chunked'] },
  ]) {
    const recording = send(transport, request)
    t.same([await recording.outcome, recording.heard], [{ failure: 'UNREACHABLE' }, ['failed']])
  }
})

t.test('a close fails what is under way, in whatever state, and all that comes after', async (t) => {
  const origin = await startRawOrigin(t, (head, socket) => {
    if (head.startsWith('GET /body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart')
    if (head.startsWith('GET /ok')) socket.write(ok)
  })
  const transport = startTransport(t, origin.url)
  const inHead = send(transport)
  await once(inHead, 'sent')
  const inBody = send(transport, { path: '/body' })
  await once(inBody, 'data')
  const idle = send(transport, { path: '/ok' })
  await idle.outcome
  const opening = send(transport, { upgrade: 'websocket' })
  const assigned = send(transport, { path: '/ok' })
  transport.close()
  const late = send(transport)
  for (const [recording, failure, heard] of [
    [inHead, 'UNREACHABLE', ['sent', 'failed']],
    [inBody, 'BAD_RESPONSE', ['sent', 'begun', 'head', 'data', 'failed']],
    [opening, 'UNREACHABLE', ['failed']],
    [assigned, 'UNREACHABLE', ['failed']],
    [late, 'UNREACHABLE', ['failed']],
  ] as const) {
    t.same([await recording.outcome, recording.heard], [{ failure }, heard])
  }
  t.equal(idle.heard.at(-1), 'end')
})

t.test('a close ends idle connections', async (t) => {
  const closed = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.on('close', closed.resolve)
    socket.write(ok)
  })
  const transport = startTransport(t, origin.url)
  await send(transport).outcome
  transport.close()
  await t.resolves(closed.promise)
})
