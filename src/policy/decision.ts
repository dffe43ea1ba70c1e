import type {} from 'fastify'

/**
 * The closed list of reasons to refuse, in the order in which they are told: of several that hold together, the first.
 * Who someone is comes before what they may, and that before what they can mend at once.
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

const ranks = new Map<DenyReason, number>(denyReasons.map((reason, rank) => [reason, rank]))

/** Position in the list: the lower, the sooner it is told. */
export function rankOf(reason: DenyReason): number {
  return ranks.get(reason) as number
}

export type Allow = Labelled & { effect: 'allow'; rule: string; upstream: string }
export type Deny = Labelled & { effect: 'deny'; reason: DenyReason; rule?: string }

/** What `audit` of the rule says: for the record. */
type Labelled = { label?: string }

/** What policy says about one request. */
export type Decision = Allow | Deny

declare module 'fastify' {
  interface FastifyRequest {
    decision: Decision | undefined
  }
}
