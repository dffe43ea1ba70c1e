import type { Session } from './session.ts'

export type FoundSession = {
  session: Session
  /** Whether the session and its cookie should be written again, for example because an old key sealed the session. */
  needsRewrite: boolean
}

/** A session that was found, and the cookie value that it was found by. */
export type KnownSession = { session: Session; value: string }

/** Stores sessions. The store decides what the cookie holds: the whole session, or a reference. */
export type SessionStore = {
  /** Whether a change lasts although no browser gets a new cookie. Only then may sessions be refreshed in the background. */
  keepsWithoutBrowser: boolean
  /** Finds a session in the memory of this process, without waiting. This is the hot path. */
  recall(cookieValue: string): FoundSession | undefined
  /**
   * Finds a session, which may have expired; undefined for a value that is not one of ours.
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE while the store does not answer
   */
  find(cookieValue: string): Promise<FoundSession | undefined>
  /**
   * Writes a new session, or a change of a `known` one.
   * @returns the value that the cookie must have from now on; undefined when the known session has ended or was changed by
   * another process meanwhile, and so was not written
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE, STAGEDOOR_SESSION_COOKIE_TOO_LARGE
   */
  save(session: Session, known?: KnownSession): Promise<string | undefined>
  /** Notes the time of a use. Does not fail while the store is unavailable: the time need not be exact. */
  touch(known: KnownSession): Promise<string>
  /**
   * Ends a session: from now on no cookie opens it.
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when other processes could not be notified; in this process the session has ended
   */
  end(session: Session): Promise<void>
}

/** A store that does not find ended sessions, whether the session, its user or its login was ended. */
export type RevocableStore = SessionStore & {
  /** Ends a session that was replaced by another, once requests that were under way have had time to arrive. */
  supersede(session: Session): Promise<void>
}

/** The part of the revocations that a store needs: sessions that ended before they expired. */
export type EndedSessions = {
  /** Takes effect at once. Resolves when other processes have been notified, or could not be. */
  add(session: Session): Promise<void>
  has(sessionId: string): boolean
}
