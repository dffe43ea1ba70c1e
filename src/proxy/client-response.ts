import type { ServerResponse } from 'node:http'

/** nginx's status for a client that did not wait; it stands in records only. */
const clientClosedRequest = 499

/**
 * Fastify runs its onResponse hooks, and so audit and metrics, on `finish` or `error`, neither of which node:http emits
 * when the client breaks off.
 */
export function reportUnfinished(response: ServerResponse): void {
  if (response.writableFinished || response.listenerCount('error') === 0) return
  if (!response.headersSent) response.statusCode = clientClosedRequest
  response.emit('error', new Error('the client went away'))
}

/** Sends the head now, unless the answer ended meanwhile. */
export function flushHead(response: ServerResponse): void {
  if (!response.writableEnded && !response.destroyed) response.flushHeaders()
}
