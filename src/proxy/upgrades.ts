import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Routing } from '../overload/request-limiter.ts'

export type UpgradeRequests = ReturnType<typeof createUpgradeRequests>

export function createUpgradeRequests() {
  const heads = new WeakMap<IncomingMessage, Buffer>()
  /** Answers are sent in order, so none is due once the latest is sent. One that breaks off is due until the connection ends. */
  const latestAnswers = new WeakMap<Socket, ServerResponse>()
  /** Whether an answer is still due on a connection. The client would read bytes that are written now as that answer or part of it. */
  const isAnswerDue = (socket: Socket): boolean => latestAnswers.get(socket)?.writableFinished === false
  return {
    isAnswerDue,
    /**
     * Routes a server's upgrade requests like all others. Each gets a `ServerResponse` on its socket, so that every hook sees it
     * and a refusal reaches the client as a plain HTTP answer, after which the connection closes.
     *
     * Only `Upgrade: websocket` counts. Any other upgrade is ignored, and the request is an ordinary one (RFC 9110 §7.8); requests
     * over `h2c` would bypass the policy. An upgrade that a client sends before it has the previous answer is ignored, too: the
     * connection still belongs to that answer.
     */
    accept(server: Server, routing: Routing): void {
      const shouldUpgradeCallback = (request: IncomingMessage): boolean =>
        isWebSocketUpgrade(request) && !isAnswerDue(request.socket)
      Object.assign(server, { shouldUpgradeCallback })
      server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
        if (request.httpVersionMajor !== 1) return
        latestAnswers.set(request.socket, response)
        endAtBrokenOffAnswer(response)
        endAfterRefusedUpgrade(request, response)
      })
      // node:http would also answer an unknown `Expect` with 417 (RFC 9110 §10.1.1), but `latestAnswers` would not have that answer.
      server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
        latestAnswers.set(request.socket, response)
        response.writeHead(417).end()
      })
      server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        heads.set(request, head)
        routing(request, responseOn(socket, request))
      })
    },
    /** The bytes behind the head of an upgrade request; undefined for any other request. */
    headOf: (request: IncomingMessage): Buffer | undefined => heads.get(request),
  }
}

// RFC 6455 §4.1. A request with a body is no upgrade: we and the upstream would read the bytes after the body differently.
function isWebSocketUpgrade({ method, httpVersion, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || httpVersion !== '1.1') return false
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false
  return headers.upgrade?.trim().toLowerCase() === 'websocket'
}

/**
 * An answer may break off while it waits for earlier ones. When its turn comes, node:http still gives it the connection, and the
 * client would wait for it forever; so the connection is closed.
 */
function endAtBrokenOffAnswer(response: ServerResponse): void {
  if (response.socket !== null) return
  response.once('socket', (socket: Socket) => {
    if (response.destroyed) socket.destroy()
  })
}

/** If an upgrade is not granted, Node drops the bytes it has read after that request. What follows may be no request, so we close. */
function endAfterRefusedUpgrade({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers.upgrade !== undefined) response.shouldKeepAlive = false
}

function responseOn(socket: Socket, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  // node:http removes its own listeners from an upgraded socket; these replace them.
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => {
    // A granted upgrade has taken over the socket.
    if (response.socket === null) return
    response.detachSocket(socket)
    socket.destroySoon()
    response.emit('close')
  })
  return response
}

type Upgrade = {
  client: Socket
  upstream: Duplex
  /** The upstream's status, 101. */
  status: number
  /** Flat list of the head's names and values. */
  head: readonly string[]
  /** Bytes that the client sent after its request head, before it had an answer. */
  clientBytes: Buffer
}

export type Relay = {
  /** Sends the client a close frame with the reason (RFC 6455 §5.5.1) and closes both sides. */
  close(code: number, reason: string): void
}

/** How long a client has to read the close frame. */
const farewellMs = 2_000

/**
 * Joins the two sockets of an accepted upgrade. Bytes pass through unparsed, so compression and sub-protocols are between the
 * two ends. No bytes of the client pass before the upstream has accepted the upgrade.
 * @param onClosed called once, when both sides are done
 */
export function relayUpgrade(upgrade: Upgrade, onClosed: () => void): Relay {
  const { client, upstream, clientBytes } = upgrade
  client.setTimeout(0)
  client.setNoDelay(true)
  client.write(headText(upgrade), 'latin1')
  if (clientBytes.length > 0) client.unshift(clientBytes)

  upstream.on('error', () => client.destroy())
  client.on('error', () => upstream.destroy())
  upstream.on('close', () => {
    client.destroySoon()
    onClosed()
  })
  client.on('close', () => upstream.destroy())
  client.pipe(upstream)
  upstream.pipe(client)

  return {
    close(code, reason) {
      upstream.unpipe(client)
      if (client.writable) client.end(closeFrame(code, reason))
      // A client that has stopped reading would never receive the close frame.
      setTimeout(() => client.destroy(), farewellMs).unref()
      upstream.destroy()
    },
  }
}

function headText({ status, head }: Upgrade): string {
  let text = `HTTP/1.1 ${status} Switching Protocols\r\n`
  for (let i = 0; i < head.length; i += 2) text += `${head[i]}: ${head[i + 1]}\r\n`
  return `${text}\r\n`
}

// RFC 6455 §5.5: FIN and opcode 8; a control frame carries at most 125 bytes, two of which are the code.
const maxReasonBytes = 123

function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, maxReasonBytes)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
