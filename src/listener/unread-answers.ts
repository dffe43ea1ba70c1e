import type { RequestListener, ServerResponse } from 'node:http'

/**
 * Closes an HTTP/1.1 connection whose client stops reading an answer that is complete: the request, and those after it, would
 * still count as under way. `proxy/answer.ts` handles answers that are not complete, `tls-server.ts` handles HTTP/2.
 */
export function closeBehindUnreadAnswers(next: RequestListener, timeoutMs: number): RequestListener {
  return (request, response) => {
    // At `prefinish` the whole answer has been passed to its socket.
    if (request.httpVersionMajor === 1) response.on('prefinish', () => closeWhenStuck(response, timeoutMs))
    next(request, response)
  }
}

/** node:net restarts the timeout when the client has read something. node:http closes a connection at its timeout. */
function closeWhenStuck(response: ServerResponse, timeoutMs: number): void {
  const { socket } = response
  if (socket === null || socket.writableLength === 0) return
  socket.setTimeout(timeoutMs)
  // Must run before node:http sets the timeout for an idle connection.
  response.prependOnceListener('finish', () => socket.setTimeout(0))
}
