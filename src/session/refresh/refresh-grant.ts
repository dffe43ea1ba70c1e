import type { Session } from '../session.ts'

/** Why a refresh ends a session: the grant is dead, or the answer is about somebody or something else. */
export type RefreshEnd = 'grant-invalid' | 'subject-changed' | 'organization-changed'

export type GrantOutcome =
  | { kind: 'refreshed'; session: Session }
  | { kind: 'ended'; reason: RefreshEnd; cause?: unknown }
  /** Nothing is known: the session goes on as it is. */
  | { kind: 'failed'; cause: unknown }

/** Trades a session's refresh token for fresh claims; never rejects. */
export type RefreshGrant = (session: Session) => Promise<GrantOutcome>
