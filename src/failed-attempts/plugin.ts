import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import type { ErrorCode } from '../errors/error-table.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { type Counter, storeOn } from './counter-store.ts'

/** The failures that count, and the error that replaces them once there were too many. Internal errors do not count. */
export const answersToTooMany: Partial<Record<ErrorCode, ErrorCode>> = {
  STAGEDOOR_BEARER_REFUSED: 'STAGEDOOR_BEARER_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_TRANSACTION_MISSING: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_STATE_MISMATCH: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_PROVIDER_REFUSED: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_TOKEN_EXCHANGE_FAILED: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
  STAGEDOOR_OIDC_ORGANIZATION_MISMATCH: 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS',
}

declare module 'fastify' {
  interface FastifyInstance {
    failedAttempts: FailedAttempts
  }
}

type FailedAttempts = {
  /** Counts a failure. Resolves to the error to answer: a 429 after too many. Undefined for an error that does not count. */
  count(error: GatewayError, request: FastifyRequest): Promise<GatewayError> | undefined
}

type FailureLimitOptions = { max: number; windowMs: number; counter: Counter }

/**
 * Counts refused tokens and failed sign-ins, per address and per client id. Only failures are answered 429: a caller with a valid
 * credential must not be blocked because of others at its address, or others who use its client id.
 */
export const limitFailures = fastifyPlugin<FailureLimitOptions>(
  async (app, { max, windowMs, counter }) => {
    await app.register(rateLimit, { global: false, store: storeOn(counter) })
    const limitBy = (keyGenerator: (request: FastifyRequest) => string) =>
      app.createRateLimit({ max, timeWindow: windowMs, keyGenerator, skipOnError: true, allowList: isUnnamed })
    const byAddress = limitBy(addressKey)
    const byClient = limitBy(clientKey)

    app.decorate('failedAttempts', {
      count(error, request) {
        const code = answersToTooMany[error.code]
        return code === undefined || hasBackstageToken(request) ? undefined : judge(error, code, request)
      },
    })

    async function judge(
      error: GatewayError,
      code: GatewayError['code'],
      request: FastifyRequest,
    ): Promise<GatewayError> {
      const results = [await byAddress(request), await byClient(request)]
      // `isAllowed` means that the request is on the allow list: here, that it has no client id.
      const waits = results.map((result) => (!result.isAllowed && result.isExceeded ? result.ttlInSeconds : 0))
      const seconds = Math.max(...waits)
      if (seconds === 0) return error
      return new GatewayError(code, { cause: error, headers: { 'Retry-After': String(seconds) } })
    }
  },
  { name: 'failed-attempts' },
)

const addressKey = ({ facts }: FastifyRequest): string => `address:${normalizeIP(facts.clientIp)}`
const clientKey = ({ refusedClientId }: FastifyRequest): string => `client:${refusedClientId ?? ''}`
const isUnnamed = (_request: FastifyRequest, key: string): boolean => key === 'client:'

/** A browser whose session has ended may continue to poll with Backstage's token. It must get 401, not 429, so that it signs in again. */
function hasBackstageToken({ bearer }: FastifyRequest): boolean {
  return bearer?.kind === 'backstage' || (bearer?.kind === 'foreign' && bearer.isBackstage === true)
}
