/** A verified access token of a machine (RFC 9068, or Auth0's own profile). */
export type AccessToken = {
  issuer: string
  subject: string
  clientId: string
  scopes: readonly string[]
  permissions: readonly string[]
  organization?: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  claims: Readonly<Record<string, unknown>>
}

/** A verified user token of Backstage's own. */
export type BackstageUser = {
  issuer: string
  /** Entity reference, e.g. `user:default/jane`. */
  entityRef: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

type Claims = Readonly<Record<string, unknown>>

/** Maps claims that passed every check; Auth0 calls the client `azp`, RFC 9068 §2.2 `client_id`. */
export function accessTokenOf(claims: Claims): AccessToken {
  const organization = claims['org_id']
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    clientId: clientOf(claims) ?? '',
    scopes: typeof claims['scope'] === 'string' ? claims['scope'].split(' ').filter(Boolean) : [],
    permissions: textsIn(claims['permissions']),
    ...(typeof organization === 'string' ? { organization } : {}),
    expiresAt: Number(claims['exp']) * 1000,
    claims,
  }
}

/** The client that a token names. */
export function clientOf(claims: Claims): string | undefined {
  const client = claims['client_id'] ?? claims['azp']
  return typeof client === 'string' && client !== '' ? client : undefined
}

/**
 * Whether a token speaks for a program: Auth0 says so by `gty`, by a `sub` made of the client's id, or, with Agents as
 * Principal, by `sub_profile`. The suffix `@clients` alone proves nothing.
 */
export function isMachine(claims: Claims): boolean {
  const client = clientOf(claims)
  const { gty, sub, sub_profile: profile } = claims
  if (gty === 'client-credentials' || profile === 'service' || profile === 'ai_agent') return true
  return client !== undefined && (sub === client || sub === `${client}@clients`)
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}
