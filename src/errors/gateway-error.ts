import type { SecondFactor } from '../oidc/step-up.ts'
import { type ErrorCode, errorTable } from './table.ts'

export type GatewayErrorOptions = {
  /** What exactly was wrong, for the log and, where `isDetailPublic`, for the person. */
  detail?: string
  isDetailPublic?: boolean
  cause?: unknown
  /** Machine-readable reason from the stage's closed list. */
  reason?: string
  /** A person or team to ask, in place of the remedy of the table. */
  contact?: string | undefined
  /** The second factor that would help; on a 401 only. */
  secondFactor?: SecondFactor | undefined
  /** How it was decided, line by line; only for administrators. */
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
    super(options.detail ?? row.sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.statusCode = row.status
    this.detail = options.detail
    this.publicDetail = options.isDetailPublic ? options.detail : undefined
    this.reason = options.reason
    this.remedy = options.contact === undefined ? row.remedy : `Ask ${options.contact} for access.`
    this.secondFactor = options.secondFactor
    this.explanation = options.explanation
    this.headers = options.headers ?? {}
  }
}
