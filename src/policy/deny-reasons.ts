/**
 * The closed list of reasons to refuse. If several apply, this order decides which one is reported: for `all` the first, for `any`
 * the last. Identity comes before rights, and rights come before conditions that the person can meet at once.
 */
export const denyReasons = [
  'no-rule',
  'unauthenticated',
  'kind-mismatch',
  'organization-mismatch',
  'subject-mismatch',
  'email-domain-mismatch',
  'role-missing',
  'group-missing',
  'permission-missing',
  'scope-missing',
  'claim-mismatch',
  'excluded',
  'mfa-required',
] as const

export type DenyReason = (typeof denyReasons)[number]

/** The position in the list. */
export const rankOf = (reason: DenyReason): number => denyReasons.indexOf(reason)
