import { once } from 'node:events'
import { get, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setImmediate as afterPoll } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import t from 'tap'

import { connectRaw, jane, readUntil, startGateway, startOrigin, startRawOrigin } from './support.ts'

const chunk = Buffer.alloc(64 * 1024, 'x')
const tenMegabytes = 10 * 1024 * 1024
const hundredMegabytes = 100 * 1024 * 1024
/** Bytes that may be in flight (buffers of four sockets, in the kernel and here) or freed but not yet collected. */
const boundBytes = 64 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Memory in use after garbage collection, including buffers outside of the heap. */
function usedBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

t.test('each event of a stream arrives before the next is sent', async (t) => {
  const streams: ServerResponse[] = []
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.push(response)
  })
  const { port, openConnections } = await startGateway(t, { upstream: { url: origin.url } })
  const [answer] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage]
  t.equal(answer.headers['content-type'], 'text/event-stream', 'the head comes before the first event')
  for (const event of ['one', 'two', 'three']) {
    streams[0]?.write(`data: ${event}\n\n`)
    const [received] = await once(answer, 'data')
    t.equal(String(received), `data: ${event}\n\n`)
  }
  streams[0]?.end()
  await once(answer, 'end')
  await afterPoll()
  t.equal(openConnections.size, 0)
})

t.test('a download of 100 MB uses constant memory and keeps the pace of the client', async (t) => {
  let written = 0
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-length': hundredMegabytes })
    const pump = () => {
      while (written < hundredMegabytes) {
        written += chunk.length
        if (!response.write(chunk)) return
      }
      response.end()
    }
    response.on('drain', pump)
    pump()
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const before = usedBytes()
  const [answer] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage]
  for (let turn = 0; turn < 2_000; turn += 1) await afterPoll()
  t.ok(written < boundBytes, 'a client that does not read stops the upstream')
  let received = 0
  let peak = 0
  let samples = 0
  answer.on('data', (data: Buffer) => {
    received += data.length
    if (received > (samples + 1) * tenMegabytes) peak = Math.max(peak, usedBytes() - before, (samples += 1))
  })
  await once(answer, 'end')
  t.equal(received, hundredMegabytes)
  t.ok(samples > 5 && peak < boundBytes, `${Math.round(peak / 1024 / 1024)} MiB at the peak`)
})

t.test('an upload of 100 MB uses constant memory and keeps the pace of the upstream', async (t) => {
  let received = 0
  const arrived: IncomingMessage[] = []
  const origin = await startOrigin(t, (request, response) => {
    arrived.push(request.pause())
    request.on('data', (data: Buffer) => (received += data.length))
    request.on('end', () => response.end(String(received)))
    request.pause()
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const before = usedBytes()
  const sent = request({ port, host: '127.0.0.1', method: 'POST' })
  let written = 0
  let peak = 0
  let samples = 0
  const pump = () => {
    if (written > (samples + 1) * tenMegabytes) peak = Math.max(peak, usedBytes() - before, (samples += 1))
    while (written < hundredMegabytes) {
      written += chunk.length
      if (!sent.write(chunk)) return
    }
    sent.end()
  }
  sent.on('drain', pump)
  pump()
  for (let turn = 0; turn < 2_000; turn += 1) await afterPoll()
  t.ok(written < boundBytes, 'an upstream that does not read stops the client')
  arrived[0]?.resume()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  t.equal(String((await once(answer, 'data'))[0]), String(hundredMegabytes))
  t.ok(samples > 5 && peak < boundBytes, `${Math.round(peak / 1024 / 1024)} MiB at the peak`)
})

for (const framing of ['content-length: 100', 'transfer-encoding: chunked']) {
  t.test(`a body that breaks off at the upstream never looks complete to the client (${framing})`, async (t) => {
    const body = framing.startsWith('content') ? 'part' : '4\r\npart\r\n'
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.end(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${body}`)
    })
    const { port } = await startGateway(t, { upstream: { url: origin.url } })
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const client = connectRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      client.on('data', (data) => (text += String(data)))
      client.on('close', () => resolve(text))
    })
    t.notMatch(answer, '\r\n0\r\n')
    t.notMatch(answer, 'HTTP/1.1 502')
  })
}

t.test('a client that disconnects ends its upstream request', async (t) => {
  const arrived = Promise.withResolvers<IncomingMessage>()
  const origin = await startOrigin(t, (request) => arrived.resolve(request))
  const { port, openConnections } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const request = await arrived.promise
  t.equal(openConnections.size, 1)
  const gone = once(request.socket, 'close')
  client.destroy()
  await gone
  t.equal(openConnections.size, 0)
})

t.test('a client that disconnects during its upload ends the upstream request', async (t) => {
  const aborted = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const origin = await startOrigin(t, (request) => {
    request.on('error', () => aborted.resolve())
    request.once('data', () => arrived.resolve())
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(t, port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart')
  await arrived.promise
  client.destroy()
  await t.resolves(aborted.promise)
})

t.test('an answer that arrives before the upload ends reaches the client', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(413, { 'content-length': 9, connection: 'close' })
    response.end('too large')
  })
  const { port } = await startGateway(t, { upstream: { url: origin.url } })
  const client = connectRaw(t, port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npart')
  t.match(await readUntil(client, undefined), /^HTTP\/1\.1 413 [\s\S]*too large$/)
})

t.test('event streams of a session end with it', async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  const { port, openConnections } = await startGateway(t, { upstream: { url: origin.url }, principal: jane })
  const client = connectRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n')
  await readUntil(client, 'data: 1')
  t.equal(openConnections.closeSession('session-of-another', 4401, 'ended'), 0)
  const closed = once(client.resume(), 'close')
  t.equal(openConnections.closeSession('session-1', 4401, 'ended'), 1)
  await closed
  t.equal(openConnections.size, 0)
})

for (const [when, expected] of [
  ['before the answer', 499],
  ['during the answer', 200],
] as const) {
  t.test(`onResponse hooks see a request whose client disconnects ${when}`, async (t) => {
    const arrived = Promise.withResolvers<void>()
    const origin = await startOrigin(t, (_request, response) => {
      if (expected === 200) response.write('part')
      arrived.resolve()
    })
    const seen = Promise.withResolvers<number>()
    const { port } = await startGateway(t, {
      upstream: { url: origin.url },
      earlierStage: (app) => app.addHook('onResponse', async (_request, reply) => seen.resolve(reply.raw.statusCode)),
    })
    const client = connectRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await arrived.promise
    if (expected === 200) await readUntil(client, 'part')
    client.destroy()
    t.equal(await seen.promise, expected)
  })
}
