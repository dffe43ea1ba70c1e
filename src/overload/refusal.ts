import type { IncomingMessage, ServerResponse } from 'node:http'

import { GateError } from '../errors/gate-error.ts'
import { problem } from '../errors/problem.ts'
import { errorTable } from '../errors/table.ts'
import { wantsPage } from '../headers/navigation.ts'
import { errorPage } from '../pages/error-page.ts'
import { pageHeaders } from '../pages/layout.ts'
import { type ShedReason, shedReasons } from './shed-reason.ts'

const code = 'STAGEDOOR_BOUNDARY_OVERLOADED'

/** A body that is still to come is read and dropped up to this size, so that the connection can be kept. */
const maxDroppedBytes = 65_536

/** Two halves of a body, the request id goes between; made once, because refusing has to cost next to nothing. */
type Body = readonly [string, string]

export type Refuse = (request: IncomingMessage, response: ServerResponse, reason: ShedReason) => void

/**
 * Answers 503, as a page to people and as problem JSON to programs.
 * @param retryAfterSeconds what `Retry-After` says (RFC 9110 §10.2.3)
 */
export function createRefusal(retryAfterSeconds: number, randomId: () => string): Refuse {
  const pageBody = halves((id) => renderPage(id))
  const jsonBodies = new Map(shedReasons.map((reason) => [reason, halves((id) => renderProblem(id, reason))]))
  const shared = ['retry-after', String(retryAfterSeconds)]
  const pageHead = [...shared, ...Object.entries(pageHeaders()).flat()]
  const jsonHead = [...shared, 'content-type', 'application/problem+json', 'cache-control', 'no-store']

  return (request, response, reason) => {
    const isPage = wantsPage(request.method ?? '', request.headers)
    const id = randomId()
    const [before, after] = (isPage ? pageBody : jsonBodies.get(reason)) as Body
    const body = before + id + after
    const head = [...(isPage ? pageHead : jsonHead), 'x-request-id', id]
    head.push('content-length', String(Buffer.byteLength(body)))
    if (request.httpVersionMajor === 1 && mustClose(request, reason)) head.push('connection', 'close')
    response.writeHead(statusOf503, head)
    response.end(body)
  }
}

const statusOf503 = errorTable[code].status

// A kept connection costs less than a new one, unless connections are what there is too much of.
function mustClose({ headers }: IncomingMessage, reason: ShedReason): boolean {
  if (reason === 'connections' || headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > maxDroppedBytes
}

const placeholder = '{request-id}'

function halves(render: (id: string) => string): Body {
  const [before, after] = render(placeholder).split(placeholder)
  return [before ?? '', after ?? '']
}

function renderProblem(id: string, reason: ShedReason): string {
  return JSON.stringify(problem(new GateError(code, { reason }), id))
}

function renderPage(requestId: string): string {
  const { sentence, remedy } = errorTable[code]
  return errorPage({ sentence, remedy, code, requestId, ways: [{ label: 'Go to the portal', href: '/' }] })
}
