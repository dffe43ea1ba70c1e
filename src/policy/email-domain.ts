import type { UserClaims } from '../session/session.ts'

/** The domain of a person's e-mail address, in lower case; undefined unless the address is verified. */
export function verifiedDomainOf({ email = '', email_verified: isVerified }: UserClaims): string | undefined {
  if (isVerified !== true) return undefined
  // Reject two `@`, quotes and white space: programs read different domains from such an address.
  return /^[^\s"@]+@(?<domain>[^\s"@]+)$/.exec(email)?.groups?.['domain']?.toLowerCase()
}
