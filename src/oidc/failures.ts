import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'

import { GatewayError } from '../errors/gateway-error.ts'

/**
 * Whether the token endpoint refused our own credentials: `invalid_client` (RFC 6749 §5.2), Auth0's 401
 * `access_denied`, or a challenge. Only then may another secret be tried; a bad code must not be sent twice.
 */
export function isClientRejected(error: unknown): boolean {
  if (error instanceof WWWAuthenticateChallengeError) return error.status === 401
  if (!(error instanceof ResponseBodyError)) return false
  return error.error === 'invalid_client' || (error.status === 401 && error.error === 'access_denied')
}

/** Whether the grant is invalid: the session cannot be refreshed any more. */
export function isGrantInvalid(error: unknown): boolean {
  return error instanceof ResponseBodyError && error.error === 'invalid_grant'
}

/** Whether the authentication in an ID token is older than `max_age` allows (OIDC Core §3.1.3.7). */
export function isAuthTimeRefused(error: unknown): boolean {
  if (!(error instanceof ClientError) || error.code !== 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return false
  const details = error.cause instanceof Error ? error.cause.cause : undefined
  return details instanceof Object && 'claim' in details && details.claim === 'auth_time'
}

const networkCodes = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT'])

/** Describes an outage: the provider did not answer, answered 5xx or limits the rate (429). Undefined for any other error. */
export function outageIn(error: unknown): string | undefined {
  if (error instanceof AuthorizationResponseError) return undefined
  if (error instanceof ResponseBodyError) return outageOf(error.response)
  for (let cause = error; cause instanceof Object; cause = 'cause' in cause ? cause.cause : undefined) {
    if (cause instanceof Response) return outageOf(cause)
    if (cause instanceof TypeError && cause.message === 'fetch failed') return noAnswer
    if (cause instanceof DOMException && cause.name === 'TimeoutError') return noAnswer
    if ('code' in cause && networkCodes.has(String(cause.code))) return noAnswer
  }
  return undefined
}

const noAnswer = 'the login service does not answer'

function outageOf({ status, url }: Response): string | undefined {
  return status >= 500 || status === 429 ? `${url} answers ${status}` : undefined
}

const tooLong = /^(.{300}).+$/u

/**
 * The login service's refusal (RFC 6749 §4.1.2.1) with its own message for the person: a blocked account, or the text of an Action.
 * Used only for a callback whose `state` and transaction belong to this browser, because anyone can forge the URL of a callback.
 */
export function providerRefusal({
  error,
  error_description: words,
}: Readonly<Record<string, unknown>>): GatewayError | undefined {
  if (error === undefined) return undefined
  const code = typeof error === 'string' && /^[\w-]{1,64}$/.test(error) ? error : 'unknown'
  const said = typeof words === 'string' ? plainWords(words) : ''
  const detail = said === '' ? `The login service says: ${code}.` : `The login service says: “${said}” (${code})`
  return new GatewayError('STAGEDOOR_OIDC_PROVIDER_REFUSED', { reason: code, publicDetail: detail })
}

/** Makes one line of bounded length, without control and direction characters, which could make a text look like another one. */
function plainWords(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Z}\s]+/gu, ' ').trim()
  return line.replace(tooLong, '$1…')
}
