import type { Session } from '../session.ts'

/** Why a refresh ends a session: the grant is invalid, or the answer is about another user or organization. */
export type RefreshEnd = 'grant-invalid' | 'subject-changed' | 'organization-changed'

export type GrantOutcome =
  | { kind: 'refreshed'; session: Session }
  | { kind: 'ended'; reason: RefreshEnd; cause?: unknown }
  /** Without an answer the session stays as it is. */
  | { kind: 'failed'; cause: unknown }

/** Trades a session's refresh token for fresh claims; never rejects. */
export type RefreshGrant = (session: Session) => Promise<GrantOutcome>
