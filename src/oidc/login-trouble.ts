import type { GatewayError } from '../errors/gateway-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import type { LoginMarker } from './login-marker.ts'

/** Back so soon after a finished login without a session: it may be that the browser did not keep it. */
const notKeptWithinMs = 30_000

/** What a callback that belongs to no login in flight leads to. */
export type WayOn = 'already-signed-in' | 'restart' | 'page'

/** The back button, a bookmark, a login that took too long, or a link from another browser. */
const strayCodes: readonly ErrorCode[] = [
  'STAGEDOOR_OIDC_TRANSACTION_MISSING',
  'STAGEDOOR_OIDC_TRANSACTION_EXPIRED',
  'STAGEDOOR_OIDC_STATE_MISMATCH',
]

export type StrayCallback = { isSignedIn: boolean; isNavigation: boolean; marker: LoginMarker }

/**
 * A stray callback starts over by itself once at most, and only in a browser that is known to keep cookies: the login
 * would come back as a stray again in any other.
 */
export function wayOnFrom({ code }: GatewayError, { isSignedIn, isNavigation, marker }: StrayCallback): WayOn {
  if (!strayCodes.includes(code) || !isNavigation) return 'page'
  if (isSignedIn) return 'already-signed-in'
  return code !== 'STAGEDOOR_OIDC_STATE_MISMATCH' && marker.kind === 'started' ? 'restart' : 'page'
}

/** After a session was revoked, one new login at once is normal; a second one means that the browser keeps no cookies. */
const maxRounds = 2

/**
 * Whether a login that begins now would only go round in circles: the ones before have ended well a moment ago, and yet
 * there is no session.
 * @param now milliseconds since the epoch
 */
export function isSessionNotKept(marker: LoginMarker, isSignedIn: boolean, now: number): boolean {
  return !isSignedIn && roundsIn(marker, now) >= maxRounds
}

/** The marker to leave when a login begins: one that started over by itself stays marked so. */
export function markerAtStart(marker: LoginMarker, now: number): LoginMarker {
  return { kind: marker.kind === 'restarted' ? 'restarted' : 'started', rounds: roundsIn(marker, now) }
}

/** The marker to leave when a stray callback starts over. */
export function markerAtRestart(marker: LoginMarker, now: number): LoginMarker {
  return { kind: 'restarted', rounds: roundsIn(marker, now) }
}

/** The marker to leave when a login ends well. */
export function markerAtEnd(marker: LoginMarker, isSignedIn: boolean, now: number): LoginMarker {
  return { kind: 'finished', rounds: isSignedIn ? 1 : roundsIn(marker, now) + 1, at: now }
}

function roundsIn(marker: LoginMarker, now: number): number {
  if (marker.kind === 'none') return 0
  return marker.kind === 'finished' && now - marker.at >= notKeptWithinMs ? 0 : marker.rounds
}
