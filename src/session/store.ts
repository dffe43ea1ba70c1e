import type { Session } from './session.ts'

export type FoundSession = {
  session: Session
  /** True when the browser should get its cookie anew, e.g. because an old key sealed it. */
  isStale: boolean
}

/** Where sessions live. What a cookie holds is the store's business: the whole session, or a reference. */
export type SessionStore = {
  /** What this process knows already, without waiting; the hot path. */
  recall(cookieValue: string): FoundSession | undefined
  /**
   * Finds a live or expired session; nothing for a value that is not one of ours, or one that was ended.
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE when it cannot tell
   */
  find(cookieValue: string): Promise<FoundSession | undefined>
  /**
   * Writes a session, new or changed.
   * @param currentValue the cookie value it is known by, if it is
   * @returns the value that the cookie must have from now on
   * @throws STAGEDOOR_SESSION_STORE_UNAVAILABLE, STAGEDOOR_SESSION_COOKIE_TOO_LARGE
   */
  save(session: Session, currentValue?: string): Promise<string>
  /** From now on no cookie opens this session. */
  end(session: Session): Promise<void>
}
