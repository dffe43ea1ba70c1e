import {
  assertionAlgorithm,
  assertionType,
  maxAssertionLifetimeSeconds,
  type AssertionClaims,
} from '@stagedoor/assertion-contract'
import { jwtVerify, type JWTVerifyGetKey } from 'jose'

/** What the sign-in resolvers get: the verified claims. @public */
export type StagedoorIdentity = { claims: AssertionClaims }

export type AssertionExpectations = { issuer: string; audience: string }

/** Clocks of two machines may differ by this much, in seconds. */
const clockToleranceSeconds = 10

/**
 * Verifies a compact JWS as an assertion of Stagedoor (RFC 7519 §7.2, RFC 8725 §3): algorithm, `typ`, signature,
 * issuer, audience, expiry, age, subject and kind.
 *
 * @throws jose's errors, or TypeError where a claim has the wrong type; the caller answers 401 to all of them
 */
export async function verifyAssertion(
  assertion: string,
  keys: JWTVerifyGetKey,
  expected: AssertionExpectations,
): Promise<AssertionClaims> {
  const { payload } = await jwtVerify<AssertionClaims>(assertion, keys, {
    algorithms: [assertionAlgorithm],
    typ: assertionType,
    issuer: expected.issuer,
    audience: expected.audience,
    requiredClaims: ['exp', 'iat', 'sub', 'kind'],
    maxTokenAge: maxAssertionLifetimeSeconds,
    clockTolerance: clockToleranceSeconds,
  })
  if (payload.kind !== 'user') throw new TypeError('kind is not "user"')
  if (typeof payload.sub !== 'string' || payload.sub === '') throw new TypeError('sub is not a user id')
  return payload
}
