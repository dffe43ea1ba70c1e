import type { Session } from './session.ts'

/** Sessions that were ended before their time, as far as a store needs to know. */
export type EndedSessions = {
  /** In force at once; others hear of it as soon as they can. */
  add(session: Session): void
  has(sessionId: string): boolean
}
