import { compactVerify, createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTPayload } from 'jose'

import { GatewayError } from '../errors/gateway-error.ts'
import { type LogoutToken, readLogoutToken } from './logout-token.ts'
import type { Provider } from './provider.ts'

/** @throws STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED, STAGEDOOR_OIDC_UNAVAILABLE while keys cannot be had */
export type VerifyLogoutToken = (token: string) => Promise<LogoutToken>

export type VerifierOptions = {
  provider: Pick<Provider, 'metadata'>
  clientId: string
  fetch: FetchImplementation
  /** How long fetching the keys may take. */
  timeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The algorithms that Auth0 signs with. Shared secrets and unsigned tokens would let others end sessions. */
const algorithms = ['RS256', 'PS256']

type Keys = ReturnType<typeof createRemoteJWKSet>

/** Verifies logout tokens by the provider's published keys (OIDC Back-Channel Logout 1.0 §2.6). */
export function createLogoutTokenVerifier(options: VerifierOptions): VerifyLogoutToken {
  const { provider, clientId, fetch, timeoutMs, now } = options
  let keysUri: string | undefined
  let keys: Keys | undefined

  function keysAt(uri: string): Keys {
    if (keys === undefined || uri !== keysUri) {
      keys = createRemoteJWKSet(new URL(uri), { [customFetch]: fetch, timeoutDuration: timeoutMs })
    }
    keysUri = uri
    return keys
  }

  return async (token) => {
    const { issuer, jwks_uri: uri } = await provider.metadata()
    if (uri === undefined)
      throw new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { detail: 'discovery names no jwks_uri' })
    const verified = await compactVerify(token, keysAt(uri), { algorithms }).catch((cause: unknown) => {
      throw isBadToken(cause) ? refusal('signature', cause) : new GatewayError('STAGEDOOR_OIDC_UNAVAILABLE', { cause })
    })
    const payload = claimsIn(verified.payload)
    const expectations = { issuer, clientId, nowSeconds: now() / 1000 }
    const read = payload === undefined ? 'claims' : readLogoutToken(payload, verified.protectedHeader, expectations)
    if (typeof read === 'string') throw refusal(read)
    return read
  }
}

function claimsIn(bytes: Uint8Array): JWTPayload | undefined {
  try {
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return claims instanceof Object && !Array.isArray(claims) ? (claims as JWTPayload) : undefined
  } catch {
    return undefined
  }
}

const fetchFailures = [errors.JWKSTimeout, errors.JWKSInvalid]

/** A token that is wrong is refused for good; keys that cannot be fetched are no fault of the token. */
function isBadToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError) || fetchFailures.some((type) => error instanceof type)) return false
  // jose throws this code when the key endpoint does not answer 200.
  return error.code !== errors.JOSEError.code
}

function refusal(reason: string, cause?: unknown): GatewayError {
  return new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason, cause })
}
