import type { JwksCache } from '../oidc/jwks-cache.ts'
import { checks, type Expectations } from './claim-checks.ts'
import { type CompactToken, parseCompact } from './compact.ts'
import type { BearerReason } from './refusal-reasons.ts'
import { verifySignature } from './signature.ts'

/** One check and how it went; `unavailable` when the issuer's keys could not be had. */
export type Finding = { name: string; fault: BearerReason | 'unavailable' | undefined }

/** Makes every check, past the first failure too, so that all that is wrong with a token shows at once. */
export async function diagnose(
  token: string,
  expected: Expectations,
  keysOf: (issuer: string) => Promise<JwksCache | undefined>,
): Promise<Finding[]> {
  const parsed = parseCompact(token)
  if (typeof parsed === 'string') return [{ name: 'is a signed token (JWS)', fault: parsed }]
  const findings: Finding[] = checks.map(({ name, fault }) => ({ name, fault: fault(parsed, expected) }))
  return [
    { name: 'is a signed token (JWS)', fault: undefined },
    ...findings,
    await signatureFinding(parsed, expected, keysOf),
  ]
}

async function signatureFinding(
  token: CompactToken,
  { issuers }: Expectations,
  keysOf: (issuer: string) => Promise<JwksCache | undefined>,
): Promise<Finding> {
  const name = 'signature is the issuer’s'
  const issuer = String(token.claims['iss'])
  // Keys are fetched from configured issuers only, never from one that a token names.
  const keys = issuers.has(issuer) ? await keysOf(issuer) : undefined
  if (keys === undefined) return { name, fault: 'issuer-unknown' }
  const result = await verifySignature(token, keys)
  return { name, fault: 'key' in result ? undefined : result.fault }
}
