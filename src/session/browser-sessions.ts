// This folder: the stage that finds a browser's session, and keeps it fresh.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'

import { allowsSharing, privateAnswer } from '../headers/shared-caches.ts'
import { upTo } from '../storage/memory-bound.ts'
import { endFormer } from './former-session.ts'
import type { SessionCookie } from './session-cookie.ts'
import { expiryOf, type Session, type SessionLimits } from './session.ts'
import type { RevocableStore } from './store.ts'

export type BrowserSessionsOptions = {
  store: RevocableStore
  cookie: SessionCookie
  limits: SessionLimits
  now: () => number
}

/** Limit for the sessions whose browsers still need a new cookie. An evicted one gets it when its next use is noted. */
const maxOwed = 10_000

/** Sets the session cookies of browsers, and clears them. */
export class BrowserSessions {
  readonly #options: BrowserSessionsOptions
  readonly #owed = new LRUCache<string, true>(upTo(maxOwed))

  constructor(options: BrowserSessionsOptions) {
    this.#options = options
  }

  /** Starts a session. It replaces the request's own session, if any. */
  async replace(request: FastifyRequest, reply: FastifyReply, next: Session): Promise<void> {
    const { store } = this.#options
    const previous = request.session
    const value = await store.save(next)
    if (value === undefined) throw new TypeError('a new session was not written')
    this.give(request, reply, next, value)
    request.session = next
    if (previous !== undefined) await endFormer(store, previous, next)
  }

  /** Ends the request's session, if any, here and in the browser. */
  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { store, cookie } = this.#options
    const { session } = request
    request.session = undefined
    cookie.clear(request, reply)
    if (session !== undefined) await store.end(session)
  }

  give(request: FastifyRequest, reply: FastifyReply, session: Session, value: string): void {
    const { cookie, limits, now } = this.#options
    this.#owed.delete(session.id)
    cookie.write(request, reply, value, Math.ceil((expiryOf(session, limits) - now()) / 1000))
  }

  /** Notes that the browser did not get its new cookie, because a cache may share the answer. The next answer sets it. */
  withhold({ session }: FastifyRequest): void {
    if (session !== undefined) this.#owed.set(session.id, true)
  }

  isOwed(session: Session): boolean {
    return this.#owed.has(session.id)
  }

  /** Keeps caches from sharing an answer of our own that sets a cookie. `proxy/response-headers.ts` does it for answers of upstreams. */
  keepPrivate(request: FastifyRequest, reply: FastifyReply): void {
    if (!reply.hasHeader('set-cookie')) return
    const valueOf = (name: string) => reply.getHeader(name)?.toString()
    if (allowsSharing(valueOf)) {
      reply.removeHeader('set-cookie')
      this.withhold(request)
    } else if (valueOf('cache-control')?.includes('no-store') !== true) reply.header('cache-control', privateAnswer)
  }
}
