import type { Requirement } from '../config/options/requirement.ts'
import type { Principal } from '../identity/principal.ts'
import type { SecondFactor } from '../oidc/second-factor.ts'
import { isKnown } from './decision.ts'
import { secondFactorOf } from './mfa-condition.ts'
import { type Refusal, refusal } from './missing-rights.ts'
import { compileRequirement } from './requirement.ts'

/** Checks access to the console, its API and explanations. Times are in milliseconds since the epoch. */
export type AdminAccess = {
  mayAdminister: (principal: Principal, now: number) => boolean
  /** The part of a refusal that the refused person may see. */
  adminRefusalFor: (principal: Principal, now: number) => Refusal
  /** The second factor that a person needs to administer, if it is all that is missing; undefined otherwise. */
  adminSecondFactorFor: (principal: Principal, now: number) => SecondFactor | undefined
}

/**
 * @param allow the option `admin.allow`
 * @param contact a person or team to ask for access
 */
export function createAdminAccess(allow: Requirement, contact: string): AdminAccess {
  const check = compileRequirement(allow)
  const stepUp = secondFactorOf(allow)
  return {
    mayAdminister: (principal, now) => isKnown(principal) && check(principal, now) === undefined,
    adminRefusalFor: (principal, now) => refusal(allow, contact, principal, now),
    adminSecondFactorFor: (principal, now) =>
      principal.kind === 'user' && check(principal, now) === 'mfa-required' ? stepUp : undefined,
  }
}
