import type { GateError } from './gate-error.ts'
import { errorTable } from './table.ts'

/** RFC 9457 problem details, with our members. */
export type Problem = {
  type: 'about:blank'
  title: string
  status: number
  detail: string
  code: string
  request_id: string
  reason?: string
  login_url?: string
}

/** @param loginUrl where a person can sign in; on a 401 only */
export function problem(error: GateError, requestId: string, loginUrl?: string): Problem {
  const { sentence, remedy } = errorTable[error.code]
  return {
    type: 'about:blank',
    title: sentence,
    status: error.statusCode,
    detail: error.publicDetail === undefined ? remedy : `${error.publicDetail} ${remedy}`,
    code: error.code,
    request_id: requestId,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(loginUrl === undefined ? {} : { login_url: loginUrl }),
  }
}
