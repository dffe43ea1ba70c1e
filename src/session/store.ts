import type { Session } from './session.ts'

export type FoundSession = {
  session: Session
  /** True when it should be written anew, with its cookie: because an old key sealed it, for example. */
  needsRewrite: boolean
}

/** A session as a request brought it: what was found, under which cookie value. */
export type KnownSession = { session: Session; value: string }

/** Stores sessions. The store decides what the cookie holds: the whole session, or a reference. */
export type SessionStore = {
  /** Whether a change is kept although no browser gets a new cookie: only then may sessions be refreshed ahead of requests. */
  keepsWithoutBrowser: boolean
  /** Looks in the memory of this process only, without waiting; the hot path. */
  recall(cookieValue: string): FoundSession | undefined
  /**
   * Finds a live or expired session; nothing for a value that is not one of ours.
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when it cannot tell
   */
  find(cookieValue: string): Promise<FoundSession | undefined>
  /**
   * Writes a new session, or a change of a `known` one.
   * @returns the value that the cookie must have from now on; nothing when the known session was ended or changed by
   * another process meanwhile, and so was not written
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE, STAGEDOOR_SESSION_COOKIE_TOO_LARGE
   */
  save(session: Session, known?: KnownSession): Promise<string | undefined>
  /** Notes the time of a use. Never fails for want of the store: use is noted to within a tenth of the idle timeout. */
  touch(known: KnownSession): Promise<string>
  /**
   * Ends a session: from now on no cookie opens it.
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when other processes could not be informed; in this process it has ended
   */
  end(session: Session): Promise<void>
}

/** A store that finds no session that was ended: itself, or through its user or login. */
export type RevocableStore = SessionStore & {
  /** Ends a session that another took the place of, when requests that were under way have had time to arrive. */
  supersede(session: Session): Promise<void>
}

/** Sessions that were ended before their time, as far as a store needs to know. */
export type EndedSessions = {
  /** Takes effect at once; resolves when other processes are informed, or could not be. */
  add(session: Session): Promise<void>
  has(sessionId: string): boolean
}
