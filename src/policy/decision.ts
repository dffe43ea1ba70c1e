import type {} from 'fastify'

import type { MachinePrincipal, Principal, UserPrincipal } from '../identity/principal.ts'
import type { DenyReason } from './deny-reasons.ts'

export type Allow = Labelled & { effect: 'allow'; rule: string; upstream: string }
export type Deny = Labelled & { effect: 'deny'; reason: DenyReason; rule?: string }

/** The rule's `audit` option: the class of the record. */
type Labelled = { label?: string }

/** The decision of the policy stage on one request. */
export type Decision = Allow | Deny

/** A user or machine that we have identified. Only these can meet a requirement. */
export type KnownPrincipal = UserPrincipal | MachinePrincipal

/** Whether requirements can be checked for a principal. For callers with Backstage's own tokens they cannot. */
export function isKnown(principal: Principal): principal is KnownPrincipal {
  return principal.kind === 'user' || principal.kind === 'machine'
}

/** One condition on a principal. `wanted` and `found` are texts for explanations. */
export type Question = {
  wanted: string
  /** @param now milliseconds since the epoch */
  isMet: (principal: KnownPrincipal, now: number) => boolean
  found: (principal: KnownPrincipal, now: number) => string
}

declare module 'fastify' {
  interface FastifyRequest {
    decision: Decision | undefined
  }
}
