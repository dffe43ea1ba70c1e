import type { RequestListener, ServerResponse } from 'node:http'

/**
 * Closes a connection of HTTP/1.1 whose client takes no more of an answer that is complete: the request, and those behind it, would
 * count as under way. What passes an answer on sees to the parts before; `tls-server.ts` sees to HTTP/2.
 */
export function closeBehindUnreadAnswers(next: RequestListener, timeoutMs: number): RequestListener {
  return (request, response) => {
    // All of the answer is with its socket.
    if (request.httpVersionMajor === 1) response.on('prefinish', () => closeWhenStuck(response, timeoutMs))
    next(request, response)
  }
}

/** node:net begins anew when the client has taken something; node:http closes a connection at its timeout. */
function closeWhenStuck(response: ServerResponse, timeoutMs: number): void {
  const { socket } = response
  if (socket === null || socket.writableLength === 0) return
  socket.setTimeout(timeoutMs)
  // Before node:http sets the limit for an idle connection.
  response.prependOnceListener('finish', () => socket.setTimeout(0))
}
