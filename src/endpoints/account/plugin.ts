import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import { GatewayError } from '../../errors/gateway-error.ts'
import type { UserPrincipal } from '../../identity/principal.ts'
import { accountPage } from '../../pages/account-page.ts'
import { pageHeaders } from '../../pages/layout.ts'
import { signedInPage, signedInScriptSource } from '../../pages/login-pages.ts'
import { expiryOf, type Session, type SessionLimits } from '../../session/session.ts'
import { me } from './me.ts'
import { tokenPage, type TokenPageFacts, tokenScriptSource } from './token-page.ts'

export type AccountOptions = { logoutHref: string; limits: SessionLimits; tokenFacts: TokenPageFacts }

/** The signed-in person's page, the same as JSON, and the last page of a login in a separate window. */
export const account: FastifyPluginAsync<AccountOptions> = async (app, { logoutHref, limits, tokenFacts }) => {
  app.get('/', async (request, reply) => {
    const { user, session } = signedIn(request)
    const markup = accountPage({
      user,
      signedInAt: session.createdAt,
      expiresAt: expiryOf(session, limits),
      portalHref: '/',
      logoutHref,
    })
    // The form goes to us, and we send the browser on to the login service.
    return reply.headers(pageHeaders([new URL(session.issuer).origin])).send(markup)
  })

  app.get('/token', async (request, reply) => {
    signedIn(request)
    return reply.headers(pageHeaders([], tokenScriptSource)).send(tokenPage(tokenFacts))
  })

  app.get('/signed-in', async (request, reply) => {
    const { user } = signedIn(request)
    const markup = signedInPage(user.claims.name ?? user.claims.email ?? user.subject, '/')
    return reply.headers(pageHeaders([], signedInScriptSource)).send(markup)
  })

  app.get('/me', async (request, reply) => {
    const { user, session } = signedIn(request)
    return reply.header('cache-control', 'no-store').send(me(user, session, limits))
  })
}

function signedIn({ principal, session }: FastifyRequest): { user: UserPrincipal; session: Session } {
  if (principal.kind === 'user' && session !== undefined) return { user: principal, session }
  throw new GatewayError('STAGEDOOR_SESSION_REQUIRED')
}
