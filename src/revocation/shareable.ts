import type { Session } from '../session/session.ts'

/** A session without what can be used at the login service: tokens stay where they are. */
export function withoutTokens(session: Session): Session {
  const shareable = { ...session }
  delete shareable.refreshToken
  return shareable
}
