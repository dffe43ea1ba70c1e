import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import type { SessionCookie } from './session-cookie.ts'
import { expiryOf, isUseWorthNoting, type Session, type SessionLimits } from './session.ts'
import type { FoundSession, SessionStore } from './store.ts'

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
}

export type SessionOptions = { store: SessionStore; cookie: SessionCookie; limits: SessionLimits; now: () => number }

/** Second stage: opens the cookie and finds the session. A bad, expired or ended cookie is no session. */
export const session = fastifyPlugin<SessionOptions>(
  async (app, { store, cookie, limits, now }) => {
    app.decorateRequest('session', undefined)
    app.decorate('sessions', { replace, end })

    app.addHook('onRequest', (request, reply, done) => {
      const value = cookie.read(request)
      if (value === undefined) return done()
      const known = store.recall(value)
      const pending =
        known === undefined
          ? store.find(value).then((found) => admit(request, reply, found, value))
          : admit(request, reply, known, value)
      if (pending === undefined) done()
      else pending.then(() => done(), done)
    })

    /** Waits only where the browser gets its cookie anew. */
    function admit(
      request: FastifyRequest,
      reply: FastifyReply,
      found: FoundSession | undefined,
      value: string,
    ): Promise<void> | undefined {
      if (found === undefined || expiryOf(found.session, limits) <= now()) return undefined
      request.session = found.session
      if (!found.isStale && !isUseWorthNoting(found.session, limits, now())) return undefined
      return keep(request, reply, { ...found.session, usedAt: now() }, value)
    }

    async function keep(request: FastifyRequest, reply: FastifyReply, kept: Session, current?: string): Promise<void> {
      const value = await store.save(kept, current)
      request.session = kept
      cookie.write(request, reply, value, Math.ceil((expiryOf(kept, limits) - now()) / 1000))
    }

    async function replace(request: FastifyRequest, reply: FastifyReply, next: Session): Promise<void> {
      const previous = request.session
      await keep(request, reply, next)
      if (previous !== undefined) await store.end(previous)
    }

    async function end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      if (request.session !== undefined) await store.end(request.session)
      request.session = undefined
      cookie.clear(request, reply)
    }
  },
  { name: 'session', dependencies: ['boundary', '@fastify/cookie'] },
)
