import type { Requirement } from '../config/sections/requirement.ts'
import type { SecondFactor } from '../oidc/step-up.ts'

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
