import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Test } from 'tap'
import { request } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'

/** An upstream whose answers all stay open: event streams, endless downloads, and WebSockets that echo. */
export async function startStreamingOrigin(t: Test): Promise<{ url: string }> {
  const server = createServer((incoming, response) => {
    const isStream = incoming.url?.includes('stream') === true
    const staysOpen = isStream || incoming.url?.includes('download') === true
    if (!staysOpen) {
      response.end('{}')
      return
    }
    response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/octet-stream' })
    response.write(isStream ? 'data: first\n\n' : 'first')
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (incoming: IncomingMessage, socket, head) => {
    sockets.handleUpgrade(incoming, socket, head, (client) => client.on('message', (data) => client.send(data)))
  })
  // Longer than the gateway keeps idle connections: Node's 5 s could end one while a request is on its way.
  server.keepAliveTimeout = 600_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** An open connection at the gateway, and its end. */
export type Open = { ended: Promise<Ended>; isOpen(): boolean; close(): void }
export type Ended = { code?: number; reason?: string; afterMs: (since: number) => number }

export async function openSocket(t: Test, url: string, cookie: string): Promise<Open> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  const ended = new Promise<Ended>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString(), ...endingNow() }))
  })
  return { ended, isOpen: () => socket.readyState === WebSocket.OPEN, close: () => socket.close() }
}

/** Opens an event stream or a download, and resolves once its first bytes have arrived. */
export async function openAnswer(t: Test, url: string, cookie: string): Promise<Open> {
  const { body, statusCode } = await request(url, { headers: { cookie, accept: 'text/event-stream' } })
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
  t.teardown(() => body.destroy())
  let isOpen = true
  body.on('error', () => undefined)
  const ended = new Promise<Ended>((resolve) => {
    body.once('close', () => {
      isOpen = false
      resolve(endingNow())
    })
  })
  await once(body, 'data')
  return { ended, isOpen: () => isOpen, close: () => void body.destroy() }
}

function endingNow(): Ended {
  const at = performance.now()
  return { afterMs: (since) => Math.round(at - since) }
}
