type Claims = Readonly<Record<string, unknown>>

/** One entry of `machines.deny`: a token is denied where all that the entry names applies. */
export type DenyEntry = {
  client?: string | undefined
  subject?: string | undefined
  /** Milliseconds since the epoch. */
  issuedBefore?: number | undefined
}

/**
 * Whether a token is denied. By claims, never by the token's text: one token could be spelled in many ways, and Auth0's
 * own profile has no `jti`.
 */
export function isDenied(entries: readonly DenyEntry[], claims: Claims): boolean {
  return entries.some((entry) => applies(entry, claims))
}

function applies({ client, subject, issuedBefore }: DenyEntry, claims: Claims): boolean {
  // A token may name its client in both ways; either denies it.
  if (client !== undefined && claims['azp'] !== client && claims['client_id'] !== client) return false
  if (subject !== undefined && claims['sub'] !== subject) return false
  return issuedBefore === undefined || Number(claims['iat']) * 1000 < issuedBefore
}
