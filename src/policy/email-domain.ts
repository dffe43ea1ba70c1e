import type { UserClaims } from '../session/session.ts'

/** The domain to which a person's address belongs, in lower case. Only a verified address proves that. */
export function verifiedDomainOf({ email = '', email_verified: isVerified }: UserClaims): string | undefined {
  if (isVerified !== true) return undefined
  // Two signs, quotes or white space: programs read different domains out of such an address.
  return /^[^\s"@]+@(?<domain>[^\s"@]+)$/.exec(email)?.groups?.['domain']?.toLowerCase()
}
