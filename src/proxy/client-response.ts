import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:http2'

import { http2StreamOf } from '../telemetry/clients-that-left.ts'

/** @param list flat list of names and values; HTTP/2 has no status text (RFC 9113 §8.3.2) */
export function writeHead(response: ServerResponse, status: number, statusText: string, list: string[]): void {
  if (http2StreamOf(response) !== undefined) return void response.writeHead(status, list)
  const isBehindInterim = response.writableLength > 0
  response.writeHead(status, statusText, list)
  // While an answer waits for the answers to earlier requests, node:http puts its head before everything already written to it.
  // The final head would precede an interim answer, which the client would read as the start of the body. A head that is sent by
  // itself is appended.
  if (isBehindInterim) sendHead(response)
}

/** Sends the head alone. `flushHeaders` of node:http would encode it as UTF-8, which makes two bytes of each non-ASCII byte. */
function sendHead(response: ServerResponse): void {
  response.write('', 'latin1')
}

/** RFC 8297; HTTP/1.0 clients do not know interim answers (RFC 9110 §15.2). */
export function writeEarlyHints(client: IncomingMessage, response: ServerResponse, links: string): void {
  if (client.httpVersion === '1.0') return
  try {
    response.writeEarlyHints({ link: links.split(/,\s*(?=<)/) })
  } catch {
    // Node refuses links that it cannot read. Hints are optional, and the final answer has its own.
  }
}

/** Up to this size, copying a body into one buffer with its head costs less than giving the system two buffers. */
const smallBytes = 16_384

/**
 * Writes the last bytes of an answer and ends it.
 * @param chunk only valid during the call
 */
export function endWith(response: ServerResponse, chunk: Buffer): void {
  if (
    (response.headersSent && response.writableLength > 0) ||
    chunk.length > smallBytes ||
    http2StreamOf(response) !== undefined
  ) {
    response.end(Buffer.from(chunk))
    return
  }
  // node:http joins a string with the head. Uncorking before `end` sends both in one plain write.
  response.cork()
  response.write(chunk.toString('latin1'), 'latin1')
  response.uncork()
  response.end()
}

/** Sends a head whose body has not come yet. */
export function flushHead(response: ServerResponse): void {
  if (response.writableEnded || response.destroyed) return
  if (http2StreamOf(response) === undefined) sendHead(response)
  else response.flushHeaders()
}

/** Cuts an answer off so that the client sees it is incomplete: without a last chunk, or with RST_STREAM. */
export function breakOff(response: ServerResponse): void {
  const stream = http2StreamOf(response)
  if (stream === undefined) response.destroy()
  else stream.close(constants.NGHTTP2_INTERNAL_ERROR)
}

/** Whether the rest of a request's body would be read as the next request. In HTTP/2 each request has its own stream. */
export function mustCloseConnection(client: IncomingMessage): boolean {
  return client.httpVersionMajor === 1 && !client.complete
}

/** An upstream may answer before it has read the whole body. The rest of the body is then useless, so the connection closes. */
export function closeAfterUnreadBody(client: IncomingMessage, response: ServerResponse): void {
  if (client.complete || client.readableEnded) return
  const stream = http2StreamOf(response)
  // RFC 9113 §8.1: asks the client to stop, without an error.
  if (stream !== undefined) return void stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
  const { socket } = response
  if (socket !== null) response.on('finish', () => socket.destroySoon())
}
