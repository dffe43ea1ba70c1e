/** Opens many event streams or WebSockets, counts what arrives. Run as a process: `fan-out.ts <url> <kind> <count>`. */
import { connect, type Socket } from 'node:net'

const [, , target = '', kind = 'sse', count = '1000'] = process.argv
const { hostname, port } = new URL(target)
const cookie = process.env.BENCH_COOKIE
const common = ['Host: 127.0.0.1', ...(cookie === undefined ? [] : [`Cookie: ${cookie}`])]
const head = (
  kind === 'sse'
    ? ['GET /stream HTTP/1.1', ...common, 'Accept: text/event-stream', '', '']
    : [
        'GET /socket HTTP/1.1',
        ...common,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '',
        '',
      ]
).join('\r\n')

let arrived = 0

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(head))
    socket.once('error', reject)
    socket.once('data', (data) => {
      const status = String(data).slice(9, 12)
      if (status !== '200' && status !== '101') return reject(new Error(`answered ${status}`))
      socket.on('data', (bytes) => {
        if (kind !== 'sse' || String(bytes).includes('data: x')) arrived += 1
      })
      return resolve(socket)
    })
  })
}

for (let opened = 0; opened < Number(count); opened += 100) await Promise.all(Array.from({ length: 100 }, open))
process.stdout.write('{"open":true}\n')
process.stdin.on('data', () => {
  process.stdout.write(`{"arrived":${arrived}}\n`)
})
