import { maxClockDifferenceMs } from '../revocation/marks.ts'
import type { Session } from '../session/session.ts'

/** A second factor to be shown: at any time in the session, or not longer ago than this. */
export type SecondFactor = { withinMs?: number }

/**
 * Whether a login proves the second factor, and lately enough: by `amr` and `auth_time` of its ID token, since the user can remove
 * the parameters that ask for it from the request. Without `auth_time` nothing proves how long ago that was, and a time to come
 * proves nothing either. The callback of a login and the rules use this one test, or the browser would be sent
 * from one to the other for ever.
 * @param now milliseconds since the epoch
 */
export function provesSecondFactor(
  { amr, authTimeSeconds }: Pick<Session, 'amr' | 'authTimeSeconds'>,
  { withinMs }: SecondFactor,
  now: number,
): boolean {
  if (!amr.includes('mfa')) return false
  if (withinMs === undefined) return true
  if (authTimeSeconds === undefined) return false
  const ageMs = now - authTimeSeconds * 1000
  return ageMs <= withinMs && ageMs >= -maxClockDifferenceMs
}
