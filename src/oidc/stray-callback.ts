import type { ErrorCode } from '../errors/error-table.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { LoginMarker } from './login-marker.ts'

type StrayReason = 'no-cookie' | 'slot-taken' | 'used-before'

/** A callback of a login that this browser cannot finish any more, and where that login was going. */
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
 * A stray callback: the back button, a bookmark, a login that took too long, one of many tabs, another person's link.
 * With a session, a login of ours goes on to its page. Without one it starts over by itself, once, in a browser that is
 * known to keep cookies: in any other it would come back as a stray again. Where another tab's login
 * took the slot (`slot-taken`), it starts over every time: each round one of the tabs gets through, so that this ends.
 */
export function answerToStray(error: GatewayError, { isSignedIn, isNavigation, marker }: Circumstances): NextStep {
  const isStray = error instanceof StrayCallback
  if (!isNavigation || !(isStray || error.code === 'STAGEDOOR_OIDC_STATE_MISMATCH')) return 'page'
  if (isSignedIn) return isStray && error.reason !== 'used-before' ? 'continue' : 'say-signed-in'
  if (!isStray) return 'page'
  return marker.kind === 'started' || error.reason === 'slot-taken' ? 'restart' : 'page'
}
