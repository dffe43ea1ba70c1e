import type { IncomingMessage, ServerResponse } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { problem } from '../errors/problem.ts'
import { errorTable } from '../errors/table.ts'
import { wantsPage } from '../headers/navigation.ts'
import { errorPage } from '../pages/error-page.ts'
import { pageHeaders, renderPage } from '../pages/layout.ts'

/** Why a request is refused unheard: too many connections, too many requests under way, or too long a wait. */
export const shedReasons = ['connections', 'requests', 'delay'] as const
export type ShedReason = (typeof shedReasons)[number]

const code = 'STAGEDOOR_BOUNDARY_OVERLOADED'
const problemHeaders = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }

/** A body that is still to come is read and dropped up to this size, so that the connection can be kept. */
const maxDroppedBytes = 65_536

/** Answers 503 with `Retry-After` (RFC 9110 §10.2.3): a page for people, problem JSON for programs. */
export function createRefusal(retryAfterSeconds: number, randomId: () => string) {
  return (request: IncomingMessage, response: ServerResponse, reason: ShedReason): void => {
    const requestId = randomId()
    const isPage = wantsPage(request.headers)
    const body = isPage ? pageFor(requestId) : JSON.stringify(problem(new GatewayError(code, { reason }), requestId))
    response.writeHead(errorTable[code].status, {
      ...(isPage ? pageHeaders() : problemHeaders),
      'content-length': String(Buffer.byteLength(body)),
      'retry-after': String(retryAfterSeconds),
      'x-request-id': requestId,
      ...(request.httpVersionMajor === 1 && mustClose(request, reason) && { connection: 'close' }),
    })
    response.end(body)
  }
}

// A kept connection costs less than a new one, unless connections are what there is too much of.
function mustClose({ headers }: IncomingMessage, reason: ShedReason): boolean {
  if (reason === 'connections' || headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > maxDroppedBytes
}

function pageFor(requestId: string): string {
  const { sentence, remedy } = errorTable[code]
  return renderPage(errorPage({ sentence, remedy, code, requestId, ways: [{ label: 'Go to the portal', href: '/' }] }))
}
