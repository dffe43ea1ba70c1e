import type { Session } from './session.ts'

/** Sessions that were ended before their time, as far as a store needs to know. */
export type EndedSessions = {
  /** In force at once; resolves when others know, or could not be told. */
  add(session: Session): Promise<void>
  has(sessionId: string): boolean
}
