import type { Requirement } from '../config/options/requirement.ts'
import { formatDuration, type Milliseconds } from '../config/values/quantities.ts'
import { provesSecondFactor, type SecondFactor } from '../oidc/second-factor.ts'
import type { KnownPrincipal, Question } from './decision.ts'

/** The condition `mfa`. A person meets it if their login proves the second factor; machines never meet it. */
export function mfaQuestion(withinMs: Milliseconds | undefined): Question {
  const secondFactor: SecondFactor = withinMs === undefined ? {} : { withinMs }
  return {
    wanted: withinMs === undefined ? 'a second factor' : `a second factor within ${formatDuration(withinMs)}`,
    isMet: (principal, now) => principal.kind === 'user' && provesSecondFactor(principal, secondFactor, now),
    found: mfaFound,
  }
}

/** The second factor of a principal, for an explanation. */
function mfaFound(principal: KnownPrincipal, now: number): string {
  if (principal.kind !== 'user' || !principal.amr.includes('mfa')) return 'no second factor'
  if (principal.authTimeSeconds === undefined) return 'a second factor at an unknown time'
  const seconds = Math.round((now - principal.authTimeSeconds * 1000) / 1000)
  return seconds < 0 ? `a second factor ${-seconds}s in the future` : `a second factor ${seconds}s ago`
}

/** The strictest second factor that a requirement demands; undefined if it demands none. */
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
