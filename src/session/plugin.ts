import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { continueAfter } from '../errors/contain.ts'
import { type OtherOrigins, refuseRequestFromOtherOrigin } from '../headers/other-origins.ts'
import { isForAsset } from '../headers/shared-caches.ts'
import { BrowserSessions, type BrowserSessionsOptions } from './browser-sessions.ts'
import type { Freshened, Refresher } from './refresh/refresher.ts'
import { isCurrent, isUseWorthNoting, type Session } from './session.ts'
import type { FoundSession, KnownSession } from './store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    session: Session | undefined
  }
  interface FastifyInstance {
    sessions: BrowserSessions
  }
}

type SessionOptions = BrowserSessionsOptions & {
  refresher: Refresher
  /** The login service. Sessions of another issuer do not count: another deployment with the same secret may have started them. */
  issuer: string
  /** Origin of `server.baseUrl`, without a slash at the end. */
  publicOrigin: string
  otherOrigins: OtherOrigins
}

/** Opens the cookie, finds the session and keeps it fresh. A bad, expired or ended cookie is no session. */
export const session = fastifyPlugin<SessionOptions>(
  async (app, { refresher, issuer, publicOrigin, otherOrigins, ...options }) => {
    const { store, cookie, limits, now } = options
    const sessions = new BrowserSessions(options)
    app.decorateRequest('session', undefined)
    app.decorate('sessions', sessions)
    app.addHook('onSend', async (request, reply) => sessions.keepPrivate(request, reply))

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

    app.addHook('onRequest', ({ session, facts, headers }, _reply, done) => {
      if (session !== undefined)
        refuseRequestFromOtherOrigin({ method: facts.method, headers }, publicOrigin, otherOrigins)
      done()
    })

    /** Returns a promise only if the claims must be refreshed first, or the browser gets a new cookie. */
    function admit(
      request: FastifyRequest,
      reply: FastifyReply,
      found: FoundSession | undefined,
      value: string,
    ): Promise<void> | undefined {
      if (found?.session.issuer !== issuer || !isCurrent(found.session, limits, now())) return undefined
      const freshening = refresher.freshen({ session: found.session, value })
      if (freshening === undefined) return accept(request, reply, { ...found, value })
      return freshening.then((fresh) => accept(request, reply, fresh))
    }

    function accept(request: FastifyRequest, reply: FastifyReply, fresh: Freshened): Promise<void> | undefined {
      if (fresh === undefined) return undefined
      request.session = fresh.session
      const isDue =
        fresh.needsRewrite || sessions.isOwed(fresh.session) || isUseWorthNoting(fresh.session, limits, now())
      if (!isDue || isForAsset(assetRequestOf(request))) return undefined
      return noteUse(request, reply, { session: { ...fresh.session, usedAt: now() }, value: fresh.value })
    }

    async function noteUse(request: FastifyRequest, reply: FastifyReply, known: KnownSession): Promise<void> {
      request.session = known.session
      sessions.give(request, reply, known.session, await store.touch(known))
    }
  },
  { name: 'session', dependencies: ['boundary', '@fastify/cookie'] },
)

function assetRequestOf({ method, facts, headers }: FastifyRequest) {
  return { method, path: facts.path, destination: headers['sec-fetch-dest']?.toString() }
}
