/** The origin for uploads, event streams and WebSockets; where nginx is not installed, for everything. */
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { json } from './nginx.ts'

const files: Record<string, [string, Buffer]> = {
  '/1k.json': ['application/json', Buffer.from(json(1_024))],
  '/100k.js': ['text/javascript', Buffer.alloc(100 * 1_024, 'x')],
  '/10m.bin': ['application/octet-stream', Buffer.alloc(10 * 1_024 * 1_024, 'x')],
}
const streams = new Set<ServerResponse>()
const sockets = new Set<Duplex>()

const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 3_600_000 }, (request, response) => {
  const { url = '/' } = request
  const file = files[url]
  if (file !== undefined) {
    response.writeHead(200, { 'content-type': file[0], 'content-length': file[1].length }).end(file[1])
    return
  }
  if (url === '/stream') {
    openStream(response)
    return
  }
  if (url === '/broadcast') {
    broadcast(response)
    return
  }
  let received = 0
  request.on('data', (chunk: Buffer) => (received += chunk.length))
  request.on('end', () => response.end(JSON.stringify({ received })))
})

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  // Not every candidate passes a head on before the first bytes of its body.
  response.write(': open\n\n')
  streams.add(response)
  response.on('close', () => streams.delete(response))
}

/** One event to each stream and one text frame to each WebSocket. */
function broadcast(response: ServerResponse): void {
  for (const stream of streams) stream.write('data: x\n\n')
  for (const socket of sockets) socket.write(Buffer.from([0x81, 1, 0x78]))
  response.end(String(streams.size + sockets.size))
}

server.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  )
  sockets.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => sockets.delete(socket))
  socket.on('data', echoTo(socket))
})

/** Sends each small text back (RFC 6455 §5.2), unmasked as a server has to. */
function echoTo(socket: Duplex): (bytes: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  return (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    for (;;) {
      const [opcode = 0, lengthByte = 0] = pending
      const length = lengthByte & 0x7f
      if (pending.length < 6 || pending.length < 6 + length) return
      const mask = pending.subarray(2, 6)
      const text = pending.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0))
      if (opcode === 0x81) socket.write(Buffer.concat([Buffer.from([0x81, length]), text]))
      pending = pending.subarray(6 + length)
    }
  }
}

server.listen(Number(process.env.BENCH_PORT), '127.0.0.1', 4_096, () => process.stdout.write('{}\n'))
