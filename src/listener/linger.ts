import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'

/** How long a client has to end what it sends, once its connection is closing. */
const lingerMs = 5_000

/**
 * Makes an answer that comes before the whole request reach a client that still sends. A connection that is closed with bytes unread
 * is reset, and a client that sees the reset first may never read the answer (RFC 9112 §9.6).
 */
export function lingerBehindEarlyAnswers(next: RequestListener): RequestListener {
  return (request, response) => {
    const { httpVersionMajor, headers, socket } = request
    const bringsBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    if (httpVersionMajor === 1 && bringsBody) {
      // Before the listener with which node:http closes the connection.
      response.prependListener('finish', () => {
        if (!request.complete) socket.destroySoon = () => linger(socket)
      })
    }
    next(request, response)
  }
}

/** Ends a connection of HTTP/1.1 behind what was written to it: drops what still comes, until the client has ended it too. */
export function linger(socket: Socket): void {
  // What comes is no request any more: node:http leaves a socket to those who listen for its data.
  socket.removeAllListeners('data').on('data', () => {})
  socket.resume().end()
  const late = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(late))
}
