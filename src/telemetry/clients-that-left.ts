import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

import fastifyPlugin from 'fastify-plugin'

/** nginx's status for a client that closed its connection before the answer. It appears only in records. */
const clientClosedRequest = 499

/**
 * The stream of an answer over HTTP/2; undefined for HTTP/1.1. Streams share a connection, so the socket must not be touched.
 * The parameter has the type of HTTP/1.1, which the compatibility API of node:http2 resembles.
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
 * Records that the client went away. Fastify runs its onResponse hooks, and so audit and metrics, on `finish` or `error`.
 * When the client breaks off, node:http emits neither, so this emits `error`; node:http2 always emits `finish`.
 */
export function reportUnfinished(response: ServerResponse): void {
  if (http2StreamOf(response) !== undefined) return
  if (response.writableFinished || response.listenerCount('error') === 0) return
  markAborted(response)
  response.emit('error', new Error('the client went away'))
}

/** Records our own answers whose client did not wait for them. The proxy stage does this for answers of upstreams. */
export const clientsThatLeft = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      // node:http2 emits this before `finish`.
      http2StreamOf(reply.raw)?.once('aborted', () => markAborted(reply.raw))
      done()
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      const { raw } = reply
      // Fastify ends the answer after this hook. `close` is emitted once, so a listener that is added after it never runs.
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
