import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type UpgradeRequests = {
  /** The bytes behind the head of an upgrade request; undefined for any other request. */
  headOf(request: IncomingMessage): Buffer | undefined
}

type Routing = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Sends upgrade requests down the same path as all others: each gets a `ServerResponse` on its socket, so that every
 * hook sees it and a refusal reaches the client as a plain HTTP answer, after which the connection closes.
 *
 * Only `Upgrade: websocket` counts. Anything else is an ordinary request whose wish is not granted (RFC 9110 §7.8);
 * `h2c` above all, whose requests would pass the policy unseen.
 */
export function acceptUpgrades(server: Server, routing: Routing): UpgradeRequests {
  const heads = new WeakMap<IncomingMessage, Buffer>()

  Object.assign(server, { shouldUpgradeCallback: isWebSocketUpgrade })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    heads.set(request, head)
    routing(request, responseOn(socket, request))
  })

  return { headOf: (request) => heads.get(request) }
}

// RFC 6455 §4.1; bytes behind a body would be read differently by us and by the upstream.
function isWebSocketUpgrade({ method, httpVersion, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || httpVersion !== '1.1') return false
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false
  return headers.upgrade?.trim().toLowerCase() === 'websocket'
}

function responseOn(socket: Socket, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  // node:http takes its own listeners off an upgraded socket; these do what those did.
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => {
    // An upgrade that was granted has taken the socket over.
    if (response.socket === null) return
    response.detachSocket(socket)
    socket.destroySoon()
    response.emit('close')
  })
  return response
}
