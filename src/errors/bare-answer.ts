// This folder: every error with its code, status, sentence and remedy; turns errors into answers.

import { errorPage } from '../pages/error-page.ts'
import { pageHeaders, renderPage } from '../pages/layout.ts'
import { errorTable } from './error-table.ts'
import type { GatewayError } from './gateway-error.ts'
import { problem, problemHeaders } from './problem.ts'

/** An error as an answer to a request that Fastify never sees. */
export type BareAnswer = { status: number; headers: Record<string, string | number>; body: string }

const ways = [{ label: 'Go to the portal', href: '/' }]

/** Renders an error as a page for people or as problem JSON for programs. */
export function bareAnswer(error: GatewayError, requestId: string, isPage: boolean): BareAnswer {
  const { code, remedy, statusCode: status } = error
  const { sentence } = errorTable[code]
  const body = isPage
    ? renderPage(errorPage({ sentence, remedy, code, requestId, ways }))
    : JSON.stringify(problem(error, requestId))
  const headers = {
    ...(isPage ? pageHeaders() : problemHeaders),
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    ...error.headers,
  }
  return { status, headers, body }
}
