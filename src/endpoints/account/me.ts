// This folder: the page and the JSON that show a person who they are; the page that decodes tokens.

import type { UserPrincipal } from '../../identity/principal.ts'
import { absoluteExpiryOf, expiryOf, type Session, type SessionLimits } from '../../session/session.ts'

/** The answer of `GET /.stagedoor/me`. Times are in the form of RFC 3339. */
export function me(user: UserPrincipal, session: Session, limits: SessionLimits) {
  const { custom: _, ...claims } = user.claims
  return {
    kind: 'user',
    sub: user.subject,
    ...claims,
    session: {
      id: user.sessionId,
      signed_in_at: isoTime(session.createdAt),
      expires_at: isoTime(expiryOf(session, limits)),
      expires_at_latest: isoTime(absoluteExpiryOf(session, limits)),
    },
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
