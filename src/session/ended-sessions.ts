import { LRUCache } from 'lru-cache'

import { absoluteExpiryOf, type Session, type SessionLimits } from './session.ts'

/** Sessions that were ended before their time, remembered until their cookies would have expired by themselves. */
export type EndedSessions = {
  add(session: Session): void
  has(sessionId: string): boolean
}

/** @param now milliseconds since the epoch */
export function createEndedSessions(limits: SessionLimits, now: () => number, max = 100_000): EndedSessions {
  const endsAt = new LRUCache<string, number>({ max })
  return {
    add: (session) => void endsAt.set(session.id, absoluteExpiryOf(session, limits)),
    has: (sessionId) => (endsAt.peek(sessionId) ?? 0) > now(),
  }
}
