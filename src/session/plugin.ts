import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { LRUCache } from 'lru-cache'

import { continueAfter } from '../errors/contain.ts'
import { allowsSharing, isForAsset, privateAnswer } from '../headers/shared-caches.ts'
import type { Freshened, Refresher } from './refresh/refresher.ts'
import type { SessionCookie } from './session-cookie.ts'
import { expiryOf, isUseWorthNoting, type Session, type SessionLimits } from './session.ts'
import type { FoundSession, KnownSession, RevocableStore } from './store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    session: Session | undefined
  }
  interface FastifyInstance {
    sessions: Sessions
  }
}

/** What login, logout and refresh do with sessions. */
export type Sessions = {
  /** Starts a session in place of the request's own, if it has one. */
  replace(request: FastifyRequest, reply: FastifyReply, session: Session): Promise<void>
  /** Ends the request's session, if any, here and in the browser. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Notes that the browser did not get its new cookie, because a cache may share the answer: the next answer brings it. */
  withhold(request: FastifyRequest): void
}

export type SessionOptions = {
  store: RevocableStore
  refresher: Refresher
  cookie: SessionCookie
  limits: SessionLimits
  now: () => number
}

/** Sessions whose browsers are owed a cookie; one that is forgotten gets it with its next note of use. */
const maxOwed = 10_000

/** Second stage: opens the cookie, finds the session and keeps it fresh. A bad, expired or ended cookie is no session. */
export const session = fastifyPlugin<SessionOptions>(
  async (app, { store, refresher, cookie, limits, now }) => {
    app.decorateRequest('session', undefined)
    app.decorate('sessions', { replace, end, withhold })
    app.addHook('onSend', keepPrivate)
    const owed = new LRUCache<string, true>({ max: maxOwed })

    app.addHook('onRequest', (request, reply, done) => {
      const value = cookie.read(request)
      if (value === undefined) return done()
      const known = store.recall(value)
      const pending =
        known === undefined
          ? store.find(value).then((found) => admit(request, reply, found, value))
          : admit(request, reply, known, value)
      if (pending === undefined) done()
      else continueAfter(pending, reply, done)
    })

    /** Waits only where claims are due to be refreshed, or the browser gets its cookie anew. */
    function admit(
      request: FastifyRequest,
      reply: FastifyReply,
      found: FoundSession | undefined,
      value: string,
    ): Promise<void> | undefined {
      if (found === undefined || expiryOf(found.session, limits) <= now()) return undefined
      const freshening = refresher.freshen({ session: found.session, value })
      if (freshening === undefined) return accept(request, reply, { ...found, value })
      return freshening.then((fresh) => accept(request, reply, fresh))
    }

    function accept(request: FastifyRequest, reply: FastifyReply, fresh: Freshened): Promise<void> | undefined {
      if (fresh === undefined) return undefined
      request.session = fresh.session
      const isDue = fresh.isStale || owed.has(fresh.session.id) || isUseWorthNoting(fresh.session, limits, now())
      if (!isDue || isForAsset(askedBy(request))) return undefined
      return noteUse(request, reply, { session: { ...fresh.session, usedAt: now() }, value: fresh.value })
    }

    async function noteUse(request: FastifyRequest, reply: FastifyReply, known: KnownSession): Promise<void> {
      request.session = known.session
      owed.delete(known.session.id)
      give(request, reply, known.session, await store.touch(known))
    }

    function give(request: FastifyRequest, reply: FastifyReply, session: Session, value: string): void {
      cookie.write(request, reply, value, Math.ceil((expiryOf(session, limits) - now()) / 1000))
    }

    function withhold({ session }: FastifyRequest): void {
      if (session !== undefined) owed.set(session.id, true)
    }

    /** Answers of our own; those of upstreams do not come here. */
    async function keepPrivate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      if (!reply.hasHeader('set-cookie')) return
      const valueOf = (name: string) => reply.getHeader(name)?.toString()
      if (allowsSharing(valueOf)) {
        reply.removeHeader('set-cookie')
        withhold(request)
      } else if (valueOf('cache-control')?.includes('no-store') !== true) reply.header('cache-control', privateAnswer)
    }

    async function replace(request: FastifyRequest, reply: FastifyReply, next: Session): Promise<void> {
      const previous = request.session
      const value = await store.save(next)
      if (value === undefined) throw new TypeError('a new session was not written')
      give(request, reply, next, value)
      request.session = next
      if (previous === undefined) return
      // Other tabs of the same person may still load with the old cookie; the old session of another person ends at once.
      if (isSamePerson(previous, next)) await store.supersede(previous)
      else await store.end(previous)
    }

    async function end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const { session } = request
      request.session = undefined
      cookie.clear(request, reply)
      if (session !== undefined) await store.end(session)
    }
  },
  { name: 'session', dependencies: ['boundary', '@fastify/cookie'] },
)

function askedBy({ method, facts, headers }: FastifyRequest) {
  return { method, path: facts.path, destination: headers['sec-fetch-dest']?.toString() }
}

function isSamePerson(one: Session, other: Session): boolean {
  return one.issuer === other.issuer && one.subject === other.subject
}
