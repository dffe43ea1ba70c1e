import { GatewayError } from '../errors/gateway-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import type { LoginMarker } from './login-marker.ts'

/** Back so soon after a finished login without a session: it may be that the browser did not keep it. */
const notKeptWithinMs = 30_000

type StrayReason = 'no-cookie' | 'slot-taken' | 'used-before'

/** A callback of a login that this browser cannot finish any more, and where that login was going. */
export class StrayCallback extends GatewayError {
  readonly returnTo: string

  constructor(code: ErrorCode, reason: StrayReason | undefined, returnTo: string) {
    super(code, reason === undefined ? {} : { reason })
    this.returnTo = returnTo
  }
}

/** What a callback that belongs to no login in flight leads to. */
export type NextStep = 'say-signed-in' | 'go-on' | 'restart' | 'page'

export type Circumstances = { isSignedIn: boolean; isNavigation: boolean; marker: LoginMarker }

/**
 * A stray callback: the back button, a bookmark, a login that took too long, one of many tabs, another person's link.
 * With a session, a login of ours goes on to its page. Without one it starts over by itself, once, in a browser that is
 * known to keep cookies: in any other it would come back as a stray again. A login whose slot went to another tab's
 * starts over every time, because one of them gets through each time.
 */
export function nextStepAfter(error: GatewayError, { isSignedIn, isNavigation, marker }: Circumstances): NextStep {
  const isStray = error instanceof StrayCallback
  if (!isNavigation || !(isStray || error.code === 'STAGEDOOR_OIDC_STATE_MISMATCH')) return 'page'
  if (isSignedIn) return isStray && error.reason !== 'used-before' ? 'go-on' : 'say-signed-in'
  if (!isStray) return 'page'
  return marker.kind === 'started' || error.reason === 'slot-taken' ? 'restart' : 'page'
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
