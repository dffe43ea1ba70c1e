import type { SecondFactor } from '../oidc/second-factor.ts'
import { maxAgeSecondsOf, multiFactorAcr } from '../oidc/step-up.ts'
import { errorTable } from './error-table.ts'
import type { GatewayError } from './gateway-error.ts'

export const problemHeaders = {
  'content-type': 'application/problem+json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** RFC 9457 problem details, with our own members. @param loginUrl the URL to sign in; only for a 401 */
export function problem(error: GatewayError, requestId: string, loginUrl?: string) {
  const { sentence } = errorTable[error.code]
  const { remedy, secondFactor, explanation } = error
  return {
    type: 'about:blank',
    title: sentence,
    status: error.statusCode,
    detail: error.publicDetail === undefined ? remedy : `${error.publicDetail.replace(/[^.!?]$/, '$&.')} ${remedy}`,
    code: error.code,
    request_id: requestId,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(loginUrl === undefined ? {} : { login_url: loginUrl }),
    ...(secondFactor === undefined ? {} : { step_up: stepUpField(secondFactor) }),
    ...(explanation === undefined ? {} : { explanation }),
  }
}

/** Parameters for the login service, on a 401 that a second factor would resolve (names of RFC 9470 §3). */
function stepUpField(secondFactor: SecondFactor): { acr_values: string; max_age?: number } {
  const maxAge = maxAgeSecondsOf(secondFactor)
  return { acr_values: multiFactorAcr, ...(maxAge !== undefined && { max_age: maxAge }) }
}
