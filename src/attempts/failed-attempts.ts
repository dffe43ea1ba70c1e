import type { ErrorCode } from '../errors/table.ts'

/** The failures that count, and the answer once there were too many. Internal errors do not count. */
const answers: Partial<Record<ErrorCode, ErrorCode>> = {
  STAGEDOOR_BEARER_REFUSED: 'STAGEDOOR_BEARER_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_TRANSACTION_MISSING: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_STATE_MISMATCH: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_PROVIDER_REFUSED: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_ORGANIZATION_MISMATCH: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
}

/** The answer to one failure too many; undefined for an error that does not count. */
export function answerToTooMany(code: ErrorCode): ErrorCode | undefined {
  return answers[code]
}
