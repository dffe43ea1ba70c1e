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

/** A proxy whose pool is full leaves the next stream waiting for ever. */
const patienceMs = 5_000

let arrived = 0

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(head))
    socket.once('error', reject)
    socket.setTimeout(patienceMs, () => reject(new Error('no answer')))
    socket.once('data', (data) => {
      const status = String(data).slice(9, 12)
      if (status !== '200' && status !== '101') return reject(new Error(`answered ${status}`))
      socket.on('data', (bytes) => {
        if (kind !== 'sse' || String(bytes).includes('data: x')) arrived += 1
      })
      socket.setTimeout(0)
      return resolve(socket)
    })
  })
}

let opened = 0
for (let isGoing = true; isGoing && opened < Number(count);) {
  const batch = await Promise.allSettled(Array.from({ length: 100 }, open))
  const successes = batch.filter(({ status }) => status === 'fulfilled').length
  opened += successes
  isGoing = successes === batch.length
}
process.stdout.write(`{"opened":${opened}}\n`)
process.stdin.on('data', () => {
  process.stdout.write(`{"arrived":${arrived}}\n`)
})
