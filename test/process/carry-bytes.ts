/** Carries 512 MiB over a socket to itself, and prints how many full collections that took. `young` sets what the gateway sets. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'

import { collectBuffersYoung } from '../../src/process/external-memory.ts'

if (process.argv[2] === 'young') collectBuffersYoung()

let full = 0
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (isFull(entry)) full += 1
})
observer.observe({ entryTypes: ['gc'] })

const server = createServer((socket) => void send(socket, 8_192)).listen(0, '127.0.0.1')
await once(server, 'listening')
const client = connect((server.address() as AddressInfo).port).resume()
await once(client, 'close')
server.close()
await turn()
process.stdout.write(String(full))

async function send(socket: Socket, chunks: number): Promise<void> {
  const chunk = Buffer.alloc(65_536)
  for (let i = 0; i < chunks; i += 1) if (!socket.write(chunk)) await once(socket, 'drain')
  socket.end()
}

function isFull(entry: object): boolean {
  return (entry as { detail: { kind: number } }).detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR
}
