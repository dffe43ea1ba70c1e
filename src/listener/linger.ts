import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'

/** How long a client may continue to send once its connection is closing. */
const lingerMs = 5_000

/**
 * Makes sure that a client which is still sending gets an early answer. Closing a connection with unread bytes resets it, and a
 * client that sees the reset first may never read the answer (RFC 9112 §9.6).
 */
export function lingerBehindEarlyAnswers(next: RequestListener): RequestListener {
  return (request, response) => {
    const { httpVersionMajor, headers, socket } = request
    const bringsBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    if (httpVersionMajor === 1 && bringsBody) {
      // Must run before node:http's own listener, which closes the connection.
      response.prependListener('finish', () => {
        if (!request.complete) socket.destroySoon = () => linger(socket)
      })
    }
    next(request, response)
  }
}

/** Ends an HTTP/1.1 connection after the bytes written to it. Discards further input until the client ends the connection, too. */
export function linger(socket: Socket): void {
  // Further bytes are not parsed as a request: node:http stops reading a socket that has its own `data` listener.
  socket.removeAllListeners('data').on('data', () => {})
  socket.resume().end()
  const late = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(late))
}
