import { maxClockDifferenceMs } from '../revocation/marks.ts'
import type { Session } from '../session/session.ts'

/** A required second factor: at any time in the session, or no longer ago than `withinMs`. */
export type SecondFactor = { withinMs?: number }

/**
 * Whether a login proves a recent enough second factor. Only `amr` and `auth_time` of the ID token count, since the user can remove
 * the parameters that ask for a second factor from the request. A missing `auth_time`, or one in the future, proves nothing. The
 * callback of a login and the rules use this same test; otherwise the browser could be redirected between them forever.
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
