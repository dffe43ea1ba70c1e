import type { LoggerService } from '@backstage/backend-plugin-api'
import type { Config } from '@backstage/config'
import { AuthenticationError } from '@backstage/errors'
import { createProxyAuthenticator, type ProxyAuthenticator } from '@backstage/plugin-auth-node'
import {
  assertionHeader,
  defaultAssertionAudience,
  jwksPath,
  type AssertionClaims,
} from '@stagedoor/assertion-contract'
import { errors, type JWTVerifyGetKey } from 'jose'

import { verifyAssertion, type AssertionExpectations, type StagedoorIdentity } from './assertion.ts'
import { createKeySource } from './key-source.ts'

type AuthenticatorContext = { expected: AssertionExpectations; keys: JWTVerifyGetKey }

/**
 * Turns the request's assertion into verified claims; whatever is wrong with it, the answer is 401 and never 500.
 *
 * @param logger - gets the reason of each refusal
 *
 * @public
 */
export function createStagedoorAuthenticator(
  logger?: Pick<LoggerService, 'warn'>,
): ProxyAuthenticator<unknown, StagedoorIdentity> {
  return createProxyAuthenticator({
    defaultProfileTransform: async ({ claims }) => ({ profile: profileOf(claims) }),
    initialize: ({ config }) => readContext(config),
    async authenticate({ req }, { expected, keys }) {
      const assertion = req.header(assertionHeader)
      if (assertion === undefined) {
        throw new AuthenticationError(`No ${assertionHeader} header: this request did not come through Stagedoor`)
      }
      try {
        return { result: { claims: await verifyAssertion(assertion, keys, expected) } }
      } catch (error) {
        const code = codeOf(error)
        // A person can only sign in again; the operator needs the cause (unreachable keys, wrong issuer, clocks).
        logger?.warn(
          `Refused a Stagedoor assertion: ${code}: ${error instanceof Error ? error.message : String(error)}`,
        )
        throw new AuthenticationError(`Stagedoor's assertion was not accepted (${code}); reload the page to sign in`)
      }
    },
  })
}

/** @throws where `issuer` is missing or a URL is none; Backstage then refuses to start */
function readContext(config: Config): AuthenticatorContext {
  const issuer = config.getString('issuer')
  const jwksUri = config.getOptionalString('jwksUri') ?? `${issuer.replace(/\/+$/, '')}${jwksPath}`
  return {
    expected: { issuer, audience: config.getOptionalString('audience') ?? defaultAssertionAudience },
    keys: createKeySource(new URL(jwksUri)),
  }
}

/** An unverified address is left out, so that no other plugin takes it for the person's. */
function profileOf(claims: AssertionClaims): { email?: string; displayName?: string; picture?: string } {
  const displayName = claims.name ?? claims.preferred_username
  return {
    ...(claims.email !== undefined && claims.email_verified === true && { email: claims.email }),
    ...(displayName !== undefined && { displayName }),
    ...(claims.picture !== undefined && { picture: claims.picture }),
  }
}

function codeOf(error: unknown): string {
  if (error instanceof errors.JOSEError) return error.code
  return error instanceof TypeError ? 'ERR_CLAIM_INVALID' : 'ERR_KEYS_UNREACHABLE'
}
