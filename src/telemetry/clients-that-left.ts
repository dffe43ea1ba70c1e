import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

import fastifyPlugin from 'fastify-plugin'

/** nginx's status for a client that did not wait; it stands in records only. */
const clientClosedRequest = 499

/**
 * The stream of an answer over HTTP/2. Streams share a connection, so that nothing may be done to the socket.
 * Typed as HTTP/1.1, which the compatibility API of node:http2 takes after.
 */
export function http2StreamOf(response: ServerResponse): Http2ServerResponse['stream'] | undefined {
  return (response as unknown as Partial<Http2ServerResponse>).stream
}

/** Whether the client has gone away. */
export function isGone(response: ServerResponse): boolean {
  const stream = http2StreamOf(response)
  if (stream !== undefined) return stream.destroyed || stream.closed
  return response.destroyed || response.socket?.destroyed === true
}

/**
 * Makes records say that the client went away. Fastify runs its onResponse hooks, and so audit and metrics, on `finish` or
 * `error`: node:http emits neither when the client breaks off, node:http2 emits `finish` in any case.
 */
export function reportUnfinished(response: ServerResponse): void {
  if (http2StreamOf(response) !== undefined) return
  if (response.writableFinished || response.listenerCount('error') === 0) return
  markAborted(response)
  response.emit('error', new Error('the client went away'))
}

/** Has answers of our own on record where the client did not wait for them; the proxy stage sees to those of upstreams. */
export const clientsThatLeft = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      // node:http2 emits this before `finish`.
      http2StreamOf(reply.raw)?.once('aborted', () => markAborted(reply.raw))
      done()
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      const { raw } = reply
      // Fastify ends the answer behind this hook. The close of an answer is told once.
      if (isGone(raw)) setImmediate(reportUnfinished, raw)
      else raw.once('close', () => reportUnfinished(raw))
      done(null, payload)
    })
  },
  { name: 'clients-that-left' },
)

function markAborted(response: ServerResponse): void {
  if (!response.headersSent) response.statusCode = clientClosedRequest
}
