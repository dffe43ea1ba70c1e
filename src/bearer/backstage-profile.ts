import type { JwksCache } from '../oidc/jwks-cache.ts'
import { algorithmFault, audiencesOf, headerFault, keyIdFault, subjectFault } from './checks.ts'
import type { CompactToken } from './compact.ts'
import { type DenyEntry, isDenied } from './deny-list.ts'
import type { Profile } from './profile.ts'
import type { BearerReason } from './reasons.ts'
import { timeFault } from './times.ts'

export type BackstageExpectations = {
  /** Backstage's `iss`: its base URL and `/api/auth`. */
  issuer: string
  keys: JwksCache
  clockToleranceMs: number
  deny: readonly DenyEntry[]
}

/** `typ` and `aud` of the tokens that Backstage gives people. */
const userTokenType = 'vnd.backstage.user'
const backstageAudience = 'backstage'

/** User tokens of Backstage's own, as `backstage-cli` and MCP clients bring them. */
export function backstageProfile({ issuer, keys, clockToleranceMs, deny }: BackstageExpectations): Profile {
  return {
    keysOf: () => keys,
    faultOf(token, now) {
      const { header, claims } = token
      return (
        algorithmFault(header['alg']) ??
        headerFault(header) ??
        keyIdFault(header['kid']) ??
        addressFault(claims, issuer) ??
        timeFault(claims, { now, clockToleranceMs }) ??
        subjectFault(claims['sub']) ??
        (isDenied(deny, claims) ? 'denied' : undefined)
      )
    },
    // Not addressed to us: Backstage itself has the last word on it.
    refusal: (_token, reason) => ({ kind: 'foreign', reason, isBackstage: true }),
    accept: ({ claims }) => ({
      kind: 'backstage',
      user: { issuer, entityRef: String(claims['sub']), expiresAt: Number(claims['exp']) * 1000 },
    }),
    usableUntil: ({ exp }) => Number(exp) * 1000 + clockToleranceMs - 1,
  }
}

/** Whether the header says that this is a token of Backstage's own, whatever else it is. */
export function isBackstageType({ header }: CompactToken): boolean {
  return typeof header['typ'] === 'string' && header['typ'].toLowerCase().startsWith('vnd.backstage.')
}

/** Whether it is the kind that stands for a person; plugins and cookies have others. */
export function isUserType({ header }: CompactToken): boolean {
  return header['typ'] === userTokenType
}

function addressFault(claims: CompactToken['claims'], issuer: string): BearerReason | undefined {
  if (claims['iss'] !== issuer) return 'issuer-unknown'
  return audiencesOf(claims).includes(backstageAudience) ? undefined : 'audience-mismatch'
}
