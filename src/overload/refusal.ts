import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { bareAnswer } from '../errors/bare-answer.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { wantsPage } from '../headers/page-or-script.ts'

/** Why a request is refused before it is processed: too many connections, too many requests under way, or too long a wait. */
export const shedReasons = ['connections', 'requests', 'delay'] as const
export type ShedReason = (typeof shedReasons)[number]

/** A pending body up to this size is read and discarded, so that the connection can be kept. */
const maxDroppedBytes = 65_536

/** Answers 503 with `Retry-After` (RFC 9110 §10.2.3). */
export function createRefusal(retryAfterSeconds: number) {
  const retryAfter = { 'retry-after': String(retryAfterSeconds) }
  return (request: IncomingMessage, response: ServerResponse, reason: ShedReason): void => {
    const error = new GatewayError('STAGEDOOR_BOUNDARY_OVERLOADED', { reason, headers: retryAfter })
    const { status, headers, body } = bareAnswer(error, randomUUID(), wantsPage(request.headers))
    if (request.httpVersionMajor === 1 && mustClose(request, reason)) headers['connection'] = 'close'
    response.writeHead(status, headers)
    response.end(body)
  }
}

// A kept connection costs less than a new one, unless there are too many connections.
function mustClose({ headers }: IncomingMessage, reason: ShedReason): boolean {
  if (reason === 'connections' || headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > maxDroppedBytes
}

type Lines = { warn(facts: object, text: string): void; info(facts: object, text: string): void }

/** Logs refused requests: the first at once, then their number every `everyMs`, and the end of the overload. */
export function createShedLog(logger: Lines, everyMs: number) {
  const counts = new Map<ShedReason, number>()
  let timer: NodeJS.Timeout | undefined

  function close(): void {
    clearInterval(timer)
    timer = undefined
  }

  function report(): void {
    if (counts.size === 0) {
      close()
      return logger.info({}, 'the overload is over: requests are no longer refused')
    }
    logger.warn({ refused: Object.fromEntries(counts) }, 'overloaded: requests are answered with 503')
    counts.clear()
  }

  function note(reason: ShedReason): void {
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
    if (timer !== undefined) return
    report()
    timer = setInterval(report, everyMs).unref()
  }

  return { note, close }
}
