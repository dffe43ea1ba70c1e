import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'

import type { FastifyReply } from 'fastify'

type Log = { error(context: object, message: string): void }
type Done = (error?: Error) => void

/**
 * Continues a request when asynchronous work for it has settled. An error that `done` throws ends this request; as an unhandled
 * rejection it would end the process.
 * @param work resolves with the error that refuses the request, or with undefined
 */
export function continueAfter(work: Promise<Error | undefined | void>, reply: FastifyReply, done: Done): void {
  work
    .then((refusal) => done(refusal ?? undefined), done)
    .catch((error: unknown) => endRequest(error, reply.raw, reply.log))
}

type Named<Name extends string> = Record<Name, (...given: never[]) => void> & { collapse(error: unknown): void }

/**
 * Wraps methods that sockets, timers and other requests call. An error in such a method goes to `collapse` of its object instead
 * of its caller.
 */
export function containErrors<Name extends string>(prototype: Named<Name>, names: readonly Name[]): void {
  for (const name of names) {
    const method = prototype[name] as unknown as (...given: unknown[]) => void
    const contained = function (this: Named<Name>, ...given: unknown[]): void {
      try {
        method.apply(this, given)
      } catch (error) {
        collapse(this, error)
      }
    }
    Object.assign(prototype, { [name]: contained })
  }
}

function collapse(owner: { collapse(error: unknown): void }, error: unknown): void {
  try {
    owner.collapse(error)
  } catch {
    // This error is a consequence of the first one, which has been logged.
  }
}

/** Wraps work on a request that a socket or a queue calls. An error ends the request and does not reach the caller. */
export function containing<Rest extends unknown[]>(
  work: (request: IncomingMessage, response: ServerResponse, ...rest: Rest) => void,
  log: Log,
): (request: IncomingMessage, response: ServerResponse, ...rest: Rest) => void {
  return (request, response, ...rest) => {
    try {
      work(request, response, ...rest)
    } catch (error) {
      endRequest(error, response, log)
    }
  }
}

/** Logs an error and ends its request: with a 500, or by cutting off an answer that has begun. */
export function endRequest(error: unknown, response: ServerResponse, log: Log): void {
  log.error({ code: 'STAGEDOOR_INTERNAL', err: error }, 'a request failed with an unexpected error')
  const { stream } = response as unknown as Partial<Http2ServerResponse>
  if (response.headersSent) return void (stream ? stream.close(constants.NGHTTP2_INTERNAL_ERROR) : response.destroy())
  try {
    response.statusCode = 500
    response.end()
  } catch {
    response.destroy()
  }
}
