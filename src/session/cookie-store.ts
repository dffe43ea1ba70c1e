import { LRUCache } from 'lru-cache'

import { GatewayError } from '../errors/gateway-error.ts'
import type { Sealer } from '../seal/sealer.ts'
import { upTo } from '../storage/memory-bound.ts'
import { splitIntoChunks } from './session-cookie.ts'
import type { Session } from './session.ts'
import type { EndedSessions, FoundSession, SessionStore } from './store.ts'

/** Size of the cache of opened cookies, which saves decrypting the same cookie for each request. An entry takes about 4 KiB. */
const maxRemembered = 10_000

type CookieStoreDependencies = { sealer: Sealer; ended: EndedSessions; cookieName: string }

/** The session of a cookie value, and the `refreshedAt` that is sealed in the value. */
type Opened = FoundSession & { sealedRefreshAt: number }

/** Keeps the whole session in the browser, sealed. The process remembers only opened, refreshed and ended sessions. */
export function createCookieStore({ sealer, ended, cookieName }: CookieStoreDependencies): SessionStore {
  const opened = new LRUCache<string, Opened>(upTo(maxRemembered))
  // Refresh tokens rotate: a browser that never got the new cookie still sends the old one, whose token no longer works.
  const refreshed = new LRUCache<string, Session>(upTo(maxRemembered))

  function current({ session, needsRewrite, sealedRefreshAt }: Opened): FoundSession {
    const latest = refreshed.get(session.id)
    const isOutdated = latest !== undefined && latest.refreshedAt > session.refreshedAt
    const newest = isOutdated ? { ...latest, usedAt: Math.max(latest.usedAt, session.usedAt) } : session
    return { session: newest, needsRewrite: needsRewrite || sealedRefreshAt < newest.refreshedAt }
  }

  async function seal(session: Session): Promise<string> {
    const value = await sealer.seal(session)
    if (splitIntoChunks(cookieName, value, []) === undefined) throw tooLarge(value)
    opened.set(value, { session, needsRewrite: false, sealedRefreshAt: session.refreshedAt })
    return value
  }

  return {
    keepsWithoutBrowser: false,

    recall(cookieValue) {
      const known = opened.get(cookieValue)
      return known === undefined ? undefined : current(known)
    },

    async find(cookieValue) {
      const content = await sealer.open(cookieValue)
      if (content === undefined) return undefined
      const session = content.payload as Session
      const found = { session, needsRewrite: content.isOldKey, sealedRefreshAt: session.refreshedAt }
      opened.set(cookieValue, found)
      return current(found)
    },

    async save(session, known) {
      if (known !== undefined && ended.has(session.id)) return undefined
      if (known !== undefined && session.refreshedAt > known.session.refreshedAt) refreshed.set(session.id, session)
      return seal(session)
    },

    async touch({ session, value }) {
      // Set this before sealing, so that requests that come meanwhile see the use and do not write it again.
      const sealedRefreshAt = opened.get(value)?.sealedRefreshAt ?? session.refreshedAt
      opened.set(value, { session, needsRewrite: false, sealedRefreshAt })
      return seal(session)
    },

    async end(session) {
      await ended.add(session)
    },
  }
}

function tooLarge(value: string): GatewayError {
  const detail = `the sealed session has ${value.length} bytes; cookies hold three times about 4,000. Use session.store: redis.`
  return new GatewayError('STAGEDOOR_SESSION_COOKIE_TOO_LARGE', { detail })
}
