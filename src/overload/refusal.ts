import type { IncomingMessage, ServerResponse } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { problem } from '../errors/problem.ts'
import { errorTable } from '../errors/table.ts'
import { wantsPage } from '../headers/navigation.ts'
import { errorPage } from '../pages/error-page.ts'
import { pageHeaders } from '../pages/layout.ts'
import { type ShedReason, shedReasons } from './shed-reason.ts'

const code = 'STAGEDOOR_BOUNDARY_OVERLOADED'

/** A body that is still to come is read and dropped up to this size, so that the connection can be kept. */
const maxDroppedBytes = 65_536

/** An answer but for the request id, which goes between the halves of the body; made once, since refusing must be cheap. */
type Answer = { before: string; after: string; head: readonly string[] }

export type Refuse = (request: IncomingMessage, response: ServerResponse, reason: ShedReason) => void

/**
 * Answers 503, as a page to people and as problem JSON to programs.
 * @param retryAfterSeconds what `Retry-After` says (RFC 9110 §10.2.3)
 * @param randomId request ids, all of one length
 */
export function createRefusal(retryAfterSeconds: number, randomId: () => string): Refuse {
  const idLength = randomId().length
  const retryAfter = { 'retry-after': String(retryAfterSeconds) }
  const page = answerOf(renderPage, { ...retryAfter, ...pageHeaders() }, idLength)
  const programs = Object.fromEntries(
    shedReasons.map((reason) => [
      reason,
      answerOf((id) => renderProblem(id, reason), { ...retryAfter, ...problemHeaders }, idLength),
    ]),
  ) as Record<ShedReason, Answer>

  return (request, response, reason) => {
    const { before, after, head } = wantsPage(request.headers) ? page : programs[reason]
    const id = randomId()
    const list = [...head, 'x-request-id', id]
    if (request.httpVersionMajor === 1 && mustClose(request, reason)) list.push('connection', 'close')
    response.writeHead(errorTable[code].status, list)
    response.end(before + id + after)
  }
}

const problemHeaders = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }

// A kept connection costs less than a new one, unless connections are what there is too much of.
function mustClose({ headers }: IncomingMessage, reason: ShedReason): boolean {
  if (reason === 'connections' || headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > maxDroppedBytes
}

const placeholder = '{request-id}'

function answerOf(render: (id: string) => string, headers: Record<string, string>, idLength: number): Answer {
  const [before = '', after = ''] = render(placeholder).split(placeholder)
  const length = Buffer.byteLength(before + after) + idLength
  return { before, after, head: [...Object.entries(headers).flat(), 'content-length', String(length)] }
}

function renderProblem(id: string, reason: ShedReason): string {
  return JSON.stringify(problem(new GatewayError(code, { reason }), id))
}

function renderPage(requestId: string): string {
  const { sentence, remedy } = errorTable[code]
  return errorPage({ sentence, remedy, code, requestId, ways: [{ label: 'Go to the portal', href: '/' }] })
}
