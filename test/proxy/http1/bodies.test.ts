import { createHash, type Hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t from 'tap'

import { startOrigin, startRawOrigin } from '../support.ts'
import { send, startConnections } from './support.ts'

const tenMegabytes = 10 * 1024 * 1024
const large = randomBytes(tenMegabytes)
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Echoes the request body, framed as the path says. */
const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    if (request.url === '/length') response.setHeader('content-length', body.length)
    if (request.url === '/close') response.setHeader('connection', 'close').removeHeader('transfer-encoding')
    for (let at = 0; at < body.length; at += 300_000) response.write(body.subarray(at, at + 300_000))
    response.end()
  })
}

for (const path of ['/length', '/chunks', '/close']) {
  for (const bodyLength of [-1, tenMegabytes]) {
    t.test(`ten megabytes are transferred completely, there (${bodyLength}) and back (${path})`, async (t) => {
      const origin = await startOrigin(t, echo)
      const framing = bodyLength === -1 ? [] : ['content-length', String(bodyLength)]
      const body = Readable.from(
        (function* () {
          for (let at = 0; at < large.length; at += 70_001) yield large.subarray(at, at + 70_001)
        })(),
      )
      const recording = send(startConnections(t, origin.url), {
        method: 'POST',
        path,
        headers: ['host', 'a', ...framing],
        body,
        bodyLength,
      })
      t.match(await recording.outcome, { status: 200 })
      t.equal(hashOf(recording.body), hashOf(large))
    })
  }
}

t.test('a Unix socket carries requests', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'upstream.sock')
  const server = createServer(echo).listen(path)
  await once(server, 'listening')
  t.teardown(() => server.close())
  const connections = startConnections(t, `unix:${path}`)
  for (const text of ['hello', 'again']) {
    const recording = send(connections, { method: 'POST', path: '/chunks', body: Readable.from([Buffer.from(text)]) })
    t.same(await recording.outcome, { status: 200, body: text })
  }
})

const ipv6Loopback = Object.values(networkInterfaces())
  .flat()
  .some((found) => found?.address === '::1')

t.test('an IPv6 address is reached', { skip: !ipv6Loopback && 'no IPv6 on this machine' }, async (t) => {
  const server = createServer(echo).listen(0, '::1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const connections = startConnections(t, `http://[::1]:${(server.address() as AddressInfo).port}`)
  const recording = send(connections, { method: 'POST', path: '/chunks', body: Readable.from([Buffer.from('hello')]) })
  t.same(await recording.outcome, { status: 200, body: 'hello' })
})

t.test('a host name with several addresses is reached at the one that listens', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.write(ok))
  const connections = startConnections(t, origin.url.replace('127.0.0.1', 'localhost'))
  for (let request = 0; request < 2; request += 1) t.same(await send(connections).outcome, { status: 200, body: 'ok' })
})

t.test('an upload is framed as its head says', async (t) => {
  const received: string[] = []
  const origin = await startRawOrigin(t, (head, socket) => {
    let text = head
    const look = (): void => {
      if (!/(?:\r\n0\r\n\r\n|hello world)$/.test(text)) return
      received.push(text)
      socket.write(ok)
    }
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1')
      look()
    })
    look()
  })
  const connections = startConnections(t, origin.url)
  for (const bodyLength of [-1, 11]) {
    const body = new PassThrough()
    const framing = bodyLength === -1 ? [] : ['Content-Length', '11']
    const recording = send(connections, { method: 'PUT', headers: ['host', 'a', ...framing], body, bodyLength })
    body.write('hello ')
    await nextTurn()
    body.end('world')
    t.same(await recording.outcome, { status: 200, body: 'ok' })
    recording.carrier?.abort()
  }
  t.same(received, [
    'PUT / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n',
    'PUT / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\nContent-Length: 11\r\n\r\nhello world',
  ])
})

for (const [what, given] of [
  ['ends early', ['he']],
  ['is too long', ['hello!']],
] as const) {
  t.test(`an upload that ${what} fails, and the upstream never sees it complete`, async (t) => {
    let text = ''
    const closed = Promise.withResolvers<void>()
    const origin = await startRawOrigin(t, (head, socket) => {
      text += head
      socket.on('data', (data) => (text += String(data)))
      socket.on('close', closed.resolve)
    })
    const recording = send(startConnections(t, origin.url), {
      method: 'POST',
      headers: ['host', 'a', 'content-length', '5'],
      body: Readable.from(given.map((part) => Buffer.from(part))),
      bodyLength: 5,
    })
    t.same(await recording.outcome, { failure: 'UPSTREAM_BODY_MISMATCH' })
    await closed.promise
    t.notMatch(text, 'hello')
  })
}

t.test('an upload that breaks off fails, and the last chunk is never sent', async (t) => {
  let text = ''
  const closed = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const origin = await startRawOrigin(t, (head, socket) => {
    text += head
    socket.on('data', (data) => (text += String(data)))
    socket.on('close', closed.resolve)
    arrived.resolve()
  })
  const body = new PassThrough()
  const recording = send(startConnections(t, origin.url), { method: 'POST', body })
  body.write('part')
  await arrived.promise
  body.destroy()
  t.same(await recording.outcome, { failure: 'UPSTREAM_BODY_MISMATCH' })
  await closed.promise
  t.notMatch(text, '0\r\n\r\n')
})

t.test('a request cancelled during its upload reads no more of the body', async (t) => {
  const arrived = Promise.withResolvers<Socket>()
  const origin = await startRawOrigin(t, (_head, socket) => arrived.resolve(socket))
  const body = new PassThrough()
  const recording = send(startConnections(t, origin.url), { method: 'POST', body })
  const closed = once(await arrived.promise, 'close')
  recording.carrier?.abort()
  body.write('more')
  body.destroy(new Error('too late'))
  await closed
  t.same(recording.calls, ['onCarrier', 'onSend'])
})

/** Checks bytes as they arrive, since their buffer is reused. */
function checking(): { hash: Hash; received: () => number; take: (part: Buffer) => void } {
  const hash = createHash('sha256')
  let received = 0
  return {
    hash,
    received: () => received,
    take(part) {
      received += part.length
      hash.update(part)
    },
  }
}

for (const [what, upgrade] of [
  ['read into one memory', undefined],
  ['read as a stream', 'websocket'],
] as const) {
  t.test(`a paused answer waits and loses no bytes (${what})`, async (t) => {
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${large.length}\r\n\r\n`)
      socket.write(large)
    })
    const { hash, received, take } = checking()
    const recording = send(
      startConnections(t, origin.url),
      { upgrade },
      {
        onData(part) {
          take(part)
          recording.carrier?.pause()
          setImmediate(() => recording.carrier?.resume())
        },
      },
    )
    t.match(await recording.outcome, { status: 200 })
    t.same([received(), hash.digest('hex')], [large.length, hashOf(large)])
  })
}

t.test('a paused answer stops the upstream', async (t) => {
  let written = 0
  const hundredMegabytes = 10 * tenMegabytes
  const origin = await startOrigin(t, (_request, response) => {
    const pump = (): void => {
      while (written < hundredMegabytes) {
        written += large.length
        if (!response.write(large)) return
      }
      response.end()
    }
    response.on('drain', pump)
    pump()
  })
  let partsWhilePaused = 0
  const recording = send(
    startConnections(t, origin.url),
    {},
    { onHead: () => recording.carrier?.pause(), onData: () => (partsWhilePaused += 1) },
  )
  await once(recording, 'onHead')
  for (let turn = 0; turn < 500; turn += 1) await nextTurn()
  t.ok(written < hundredMegabytes, `${written} bytes written`)
  t.ok(partsWhilePaused <= 1, 'only what had been read with the head')
  recording.carrier?.abort()
})

t.test('an answer that ends while paused leaves its connection reusable', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => socket.write(ok))
  const connections = startConnections(t, origin.url)
  for (let request = 0; request < 3; request += 1) {
    const recording = send(connections, {}, { onHead: () => recording.carrier?.pause() })
    t.same(await recording.outcome, { status: 200, body: 'ok' })
  }
})

t.test('connections that read at the same time do not mix their bytes', async (t) => {
  const origin = await startRawOrigin(t, (head, socket) => {
    const [, path] = head.split(' ')
    const body = Buffer.alloc(1_000_000, path?.slice(1))
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`)
    socket.write(body)
  })
  const connections = startConnections(t, origin.url)
  const all = ['a', 'b', 'c', 'd'].map((letter) => {
    const recording = send(
      connections,
      { path: `/${letter}` },
      {
        onData() {
          recording.carrier?.pause()
          setImmediate(() => recording.carrier?.resume())
        },
      },
    )
    return { letter, recording }
  })
  for (const { letter, recording } of all) {
    await recording.outcome
    t.ok(recording.body.equals(Buffer.alloc(1_000_000, letter)), letter)
  }
})
