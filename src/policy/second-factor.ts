import type { Requirement } from '../config/options/requirement.ts'
import { formatDuration, type Milliseconds } from '../config/values/quantities.ts'
import type { SecondFactor } from '../oidc/step-up.ts'
import type { KnownPrincipal, Question } from './decision.ts'

/** Largest accepted lead of Auth0's clock over ours. */
const maxClockDifferenceMs = 60_000

/**
 * Whether a second factor was shown, and lately enough: `amr` and `auth_time` of the login it was shown at. Without
 * `auth_time` nothing proves how long ago that was, and a time to come proves nothing either.
 */
export function mfaQuestion(withinMs: Milliseconds | undefined): Question {
  return {
    wanted: withinMs === undefined ? 'a second factor' : `a second factor within ${formatDuration(withinMs)}`,
    isMet: (principal, now) => hasMfa(principal, withinMs, now),
    found: mfaFound,
  }
}

function hasMfa(principal: KnownPrincipal, withinMs: Milliseconds | undefined, now: number): boolean {
  if (principal.kind !== 'user' || !principal.amr.includes('mfa')) return false
  if (withinMs === undefined) return true
  if (principal.authTimeSeconds === undefined) return false
  const ageMs = now - principal.authTimeSeconds * 1000
  return ageMs <= withinMs && ageMs >= -maxClockDifferenceMs
}

/** The second factor of a principal, for an explanation. */
function mfaFound(principal: KnownPrincipal, now: number): string {
  if (principal.kind !== 'user' || !principal.amr.includes('mfa')) return 'no second factor'
  if (principal.authTimeSeconds === undefined) return 'a second factor at an unknown time'
  const seconds = Math.round((now - principal.authTimeSeconds * 1000) / 1000)
  return seconds < 0 ? `a second factor ${-seconds}s in the future` : `a second factor ${seconds}s ago`
}

/** The strictest second factor that a requirement asks for, if it asks for any. */
export function secondFactorOf(requirement: Requirement): SecondFactor | undefined {
  if ('mfa' in requirement) {
    const { within } = requirement.mfa
    return within === undefined ? {} : { withinMs: within }
  }
  if ('all' in requirement) return strictest(requirement.all)
  if ('any' in requirement) return strictest(requirement.any)
  // Under `not` a second factor would not help.
  return undefined
}

function strictest(requirements: readonly Requirement[]): SecondFactor | undefined {
  const asked = requirements.map(secondFactorOf).filter((secondFactor) => secondFactor !== undefined)
  if (asked.length === 0) return undefined
  const withinMs = Math.min(...asked.map((secondFactor) => secondFactor.withinMs ?? Infinity))
  return withinMs === Infinity ? {} : { withinMs }
}
