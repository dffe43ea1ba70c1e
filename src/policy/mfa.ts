import { formatDuration, type Milliseconds } from '../config/values/duration.ts'
import type { KnownPrincipal, Question } from './question.ts'

/** How far Auth0's clock may be ahead of ours. */
const maxSkewMs = 60_000

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
  return ageMs <= withinMs && ageMs >= -maxSkewMs
}

/** The second factor of a principal, for an explanation. */
function mfaFound(principal: KnownPrincipal, now: number): string {
  if (principal.kind !== 'user' || !principal.amr.includes('mfa')) return 'no second factor'
  if (principal.authTimeSeconds === undefined) return 'a second factor at an unknown time'
  const seconds = Math.round((now - principal.authTimeSeconds * 1000) / 1000)
  return seconds < 0 ? `a second factor ${-seconds}s in the future` : `a second factor ${seconds}s ago`
}
