import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import type { Test } from 'tap'

import { readRequests } from './strict-reader.ts'

/** A proxy between the gateway and an upstream that records all bytes of the gateway. */
export type Recorder = {
  url: string
  /** One text for each connection, one character for each byte. */
  written: () => string[]
  /** Whether a complete request has no answer yet. */
  isAnswerDue: () => boolean
}

export async function startRecorder(t: Test, upstreamPort: number): Promise<Recorder> {
  const connections: Buffer[][] = []
  /** Bytes written to each open connection since its last answer. */
  const unanswered = new Map<Socket, Buffer[]>()
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const chunks: Buffer[] = []
    connections.push(chunks)
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true })
    unanswered.set(client, [])
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      unanswered.get(client)?.push(chunk)
    })
    client.on('close', () => unanswered.delete(client))
    upstream.on('data', () => void unanswered.set(client, []))
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => [client, upstream].forEach((end) => end.destroy()))
      socket.on('close', () => [client, upstream].forEach((end) => end.destroy()))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    written: () => connections.map((chunks) => Buffer.concat(chunks).toString('latin1')),
    isAnswerDue: () =>
      [...unanswered.values()].some((chunks) => isWholeRequest(Buffer.concat(chunks).toString('latin1'))),
  }
}

function isWholeRequest(bytes: string): boolean {
  try {
    return readRequests(bytes).at(-1)?.isWhole === true
  } catch {
    // The test reports this when it checks all recorded bytes.
    return false
  }
}
