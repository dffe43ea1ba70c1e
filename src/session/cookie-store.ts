import { LRUCache } from 'lru-cache'

import { GateError } from '../errors/gate-error.ts'
import type { Sealer } from '../seal/sealer.ts'
import { splitIntoChunks } from './cookie-chunks.ts'
import type { EndedSessions } from './ended-sessions.ts'
import type { Session } from './session.ts'
import type { FoundSession, SessionStore } from './store.ts'

/** Opened cookies kept, so that a request does not decrypt what the one before it did. About 4 KiB each. */
const maxRemembered = 10_000

type CookieStoreDependencies = { sealer: Sealer; ended: EndedSessions; cookieName: string }

/** Keeps the whole session in the browser, sealed; this process remembers only what it opened and what was ended. */
export function createCookieStore({ sealer, ended, cookieName }: CookieStoreDependencies): SessionStore {
  const opened = new LRUCache<string, FoundSession>({ max: maxRemembered })
  const unlessEnded = (found: FoundSession | undefined): FoundSession | undefined =>
    found !== undefined && ended.has(found.session.id) ? undefined : found

  return {
    recall: (cookieValue) => unlessEnded(opened.get(cookieValue)),

    async find(cookieValue) {
      const content = await sealer.open(cookieValue)
      if (content === undefined) return undefined
      const found = { session: content.payload as Session, isStale: content.isStale }
      opened.set(cookieValue, found)
      return unlessEnded(found)
    },

    async save(session, currentValue) {
      // Set before sealing, so that requests that come meanwhile see the new state and do not write it again.
      if (currentValue !== undefined) opened.set(currentValue, { session, isStale: false })
      const value = await sealer.seal(session)
      if (splitIntoChunks(cookieName, value, []) === undefined) throw tooLarge(value)
      opened.set(value, { session, isStale: false })
      return value
    },

    async end(session) {
      ended.add(session)
    },
  }
}

function tooLarge(value: string): GateError {
  const detail = `the sealed session has ${value.length} bytes; cookies hold three times about 4,000. Use session.store: redis.`
  return new GateError('STAGEDOOR_SESSION_COOKIE_TOO_LARGE', { detail })
}
