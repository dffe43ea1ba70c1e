import type { SecondFactor } from '../oidc/second-factor.ts'
import { type ErrorCode, errorTable } from './error-table.ts'

type GatewayErrorOptions = {
  /** The exact problem, for the log. */
  detail?: string
  /** The exact problem, for the log and the person. */
  publicDetail?: string | undefined
  cause?: unknown
  /** Machine-readable reason from the stage's closed list. */
  reason?: string
  /** A person or team to ask; replaces the remedy of the table. */
  contact?: string | undefined
  /** The second factor that would help; on a 401 only. */
  secondFactor?: SecondFactor | undefined
  /** How the request was decided, line by line; only for administrators. */
  explanation?: readonly string[] | undefined
  /** Response headers that belong to this error, e.g. `Retry-After`, `Allow`, `WWW-Authenticate`. */
  headers?: Record<string, string>
}

/** An error with a row in the error table; the only kind that a stage throws. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  readonly detail: string | undefined
  readonly publicDetail: string | undefined
  readonly reason: string | undefined
  readonly remedy: string
  readonly secondFactor: SecondFactor | undefined
  readonly explanation: readonly string[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const row = errorTable[code]
    const detail = options.publicDetail ?? options.detail
    super(detail ?? row.sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.statusCode = row.status
    this.detail = detail
    this.publicDetail = options.publicDetail
    this.reason = options.reason
    this.remedy = options.contact === undefined ? row.remedy : `Ask ${options.contact} for access.`
    this.secondFactor = options.secondFactor
    this.explanation = options.explanation
    this.headers = options.headers ?? {}
  }
}

/** The error when the session store does not answer. It does not end any session. */
export function storeUnavailable(cause?: unknown): GatewayError {
  return new GatewayError('STAGEDOOR_SESSION_STORE_UNAVAILABLE', { cause, headers: { 'retry-after': '5' } })
}

/** Our error codes for requests that Fastify itself refuses, by Fastify's error code. */
const ours = new Map<string, ErrorCode>([
  ['FST_ERR_BAD_URL', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['FST_ERR_MAX_PARAM_LENGTH', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'STAGEDOOR_BOUNDARY_BODY_TOO_LARGE'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'STAGEDOOR_BOUNDARY_UNSUPPORTED_MEDIA_TYPE'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_CTP_INVALID_JSON_BODY', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_ROUTE_MISSING_CONTENT_TYPE', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_NOT_FOUND', 'STAGEDOOR_BOUNDARY_NOT_FOUND'],
])

/** An unknown error becomes an internal error, whose message appears only in the log. */
export function fromFramework(error: { code?: string | undefined }): GatewayError {
  const code = ours.get(error.code ?? '') ?? 'STAGEDOOR_INTERNAL'
  return new GatewayError(code, { cause: error, ...(error.code === undefined ? {} : { reason: error.code }) })
}
