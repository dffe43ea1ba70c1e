import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Routing } from '../overload/request-limiter.ts'

export type UpgradeRequests = ReturnType<typeof createUpgradeRequests>

export function createUpgradeRequests() {
  const heads = new WeakMap<IncomingMessage, Buffer>()
  /** Answers on a connection are in order: none is due once the latest is sent. One that breaks off is due until the connection ends. */
  const latestAnswers = new WeakMap<Socket, ServerResponse>()
  /** Whether an answer is still due on a connection: what is written there now would be taken for it, or for a part of it. */
  const isAnswerDue = (socket: Socket): boolean => latestAnswers.get(socket)?.writableFinished === false
  return {
    isAnswerDue,
    /**
     * Sends a server's upgrade requests down the same path as all others: each gets a `ServerResponse` on its socket, so that
     * every hook sees it and a refusal reaches the client as a plain HTTP answer, after which the connection closes.
     *
     * Only `Upgrade: websocket` counts. Any other upgrade is ignored, and the request is an ordinary one (RFC 9110 §7.8); requests
     * over `h2c` would pass the policy unseen. An upgrade that a client sends before it has the previous answer is ignored, too: the
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
      // node:http would answer an unknown `Expect` with 417, too (RFC 9110 §10.1.1), but we would not know of that answer.
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

// RFC 6455 §4.1; bytes behind a body would be read differently by us and by the upstream.
function isWebSocketUpgrade({ method, httpVersion, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || httpVersion !== '1.1') return false
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false
  return headers.upgrade?.trim().toLowerCase() === 'websocket'
}

/**
 * Ends the connection when the turn of an answer comes that broke off while it waited for those before it. node:http would give it the
 * connection all the same, and the client would wait for the rest for good.
 */
function endAtBrokenOffAnswer(response: ServerResponse): void {
  if (response.socket !== null) return
  response.once('socket', (socket: Socket) => {
    if (response.destroyed) socket.destroy()
  })
}

/** Node drops what it has read behind a request whose upgrade is not granted: nothing after it can be taken for a request. */
function endAfterRefusedUpgrade({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers.upgrade !== undefined) response.shouldKeepAlive = false
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
  /** Sends the client the reason (RFC 6455 §5.5.1) and ends both sides. */
  close(code: number, reason: string): void
}

/** How long a client has to take the reason for which its connection ends. */
const farewellMs = 2_000

/**
 * Joins the two sockets of an answered upgrade. Bytes pass unread, so compression and sub-protocols are the two ends'
 * own affair; nothing of the client passes before the upstream has agreed to the upgrade.
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
      // A client that reads no more would never take the reason.
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
