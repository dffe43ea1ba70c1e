import type { ErrorCode } from '../errors/error-table.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { LoginMarker } from './login-marker.ts'

type StrayReason = 'no-cookie' | 'slot-taken' | 'used-before'

/** A callback of a login that this browser cannot finish any more. `returnTo` is the destination of that login. */
export class StrayCallback extends GatewayError {
  readonly returnTo: string

  constructor(code: ErrorCode, reason: StrayReason | undefined, returnTo: string) {
    super(code, reason === undefined ? {} : { reason })
    this.returnTo = returnTo
  }
}

/** The answer to a callback that belongs to no login in flight. */
type NextStep = 'say-signed-in' | 'continue' | 'restart' | 'page'

type Circumstances = { isSignedIn: boolean; isNavigation: boolean; marker: LoginMarker }

/**
 * Decides how to answer a stray callback. Its cause may be the back button, a bookmark, a login that took too long, one of many
 * tabs or another person's link. With a session, the browser continues to the login's page. Without one, the login restarts
 * automatically, once, and only in a browser that is known to keep cookies; in others the next callback would be stray, too. If
 * another tab's login took the slot (`slot-taken`), it restarts every time: each round one tab succeeds, so this ends.
 */
export function answerToStray(error: GatewayError, { isSignedIn, isNavigation, marker }: Circumstances): NextStep {
  const isStray = error instanceof StrayCallback
  if (!isNavigation || !(isStray || error.code === 'STAGEDOOR_OIDC_STATE_MISMATCH')) return 'page'
  if (isSignedIn) return isStray && error.reason !== 'used-before' ? 'continue' : 'say-signed-in'
  if (!isStray) return 'page'
  return marker.kind === 'started' || error.reason === 'slot-taken' ? 'restart' : 'page'
}
