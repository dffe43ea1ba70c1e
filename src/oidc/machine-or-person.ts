type Claims = Readonly<Record<string, unknown>>

/** The client that a token names. */
export function clientOf(claims: Claims): string | undefined {
  const client = claims['client_id'] ?? claims['azp']
  return typeof client === 'string' && client !== '' ? client : undefined
}

/**
 * Whether a token belongs to a program. Auth0 marks such tokens by `gty`, by a `sub` made of the client's id, or, with Agents
 * as Principal, by `sub_profile`. The suffix `@clients` alone proves nothing.
 */
export function isMachine(claims: Claims): boolean {
  const client = clientOf(claims)
  const { gty, sub, sub_profile: profile } = claims
  if (gty === 'client-credentials' || profile === 'service' || profile === 'ai_agent') return true
  return client !== undefined && (sub === client || sub === `${client}@clients`)
}
