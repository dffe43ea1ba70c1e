import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import { GatewayError } from '../../errors/gateway-error.ts'
import { refuseChangeFromOtherOrigin } from '../../headers/other-origins.ts'
import type { UserPrincipal } from '../../identity/principal.ts'
import { accountPage } from '../../pages/account-page.ts'
import { signedInPage } from '../../pages/login-pages.ts'
import { type AccountEntry, reachOf } from '../../policy/account-entries.ts'
import type { Policy } from '../../policy/policy.ts'
import { expiryOf, type Session, type SessionLimits } from '../../session/session.ts'
import { me } from './me.ts'
import { type OwnSessions, ownSessions } from './own-sessions.ts'
import { tokenPage, type TokenPageFacts } from './token-page.ts'

type AccountOptions = {
  /** Path prefix of our own endpoints. Fastify uses the name `prefix` itself. */
  ownPrefix: string
  baseUrl: string
  limits: SessionLimits
  tokenFacts: TokenPageFacts
  entries: readonly AccountEntry[]
  policy: Pick<Policy, 'mayAdminister' | 'adminSecondFactorFor'>
  sessions: OwnSessions
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The account page, the same data as JSON, and the last page of a login in a separate window. */
export const account: FastifyPluginAsync<AccountOptions> = async (app, options) => {
  const { ownPrefix: prefix, baseUrl, limits, tokenFacts, entries, policy, sessions, now } = options
  const own = ownSessions(sessions)

  app.get('/', async (request, reply) => {
    const { user, session } = signedIn(request)
    const page = accountPage({
      user,
      signedInAt: session.createdAt,
      expiresAt: expiryOf(session, limits),
      entries: entries.map((entry) => reachOf(entry, user, now())),
      sessions: own.list(session),
      isAdmin: policy.mayAdminister(user, now()) || policy.adminSecondFactorFor(user, now()) !== undefined,
      prefix,
      notice: noticeIn(request.query),
    })
    return reply.sendPage(page)
  })

  app.post('/sessions/end', async (request, reply) => {
    refuseChangeFromOtherOrigin(request.headers, baseUrl)
    const { session } = signedIn(request)
    const event = { event: 'revocation', channel: 'own-session', target: { subject: session.subject } } as const
    const ended = await own.end(session, request.body, ({ code: reason }) =>
      app.audit.write(request, { ...event, reason }),
    )
    app.audit.write(request, event)
    return reply.redirect(`${prefix}/?ended=${ended}`, 303)
  })

  app.get('/token', async (request, reply) => {
    signedIn(request)
    return reply.sendPage(tokenPage(tokenFacts, `${prefix}/`))
  })

  app.get('/signed-in', async (request, reply) => {
    const { user } = signedIn(request)
    return reply.sendPage(signedInPage(user.claims.name ?? user.claims.email ?? user.subject, '/'))
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

/** The message of the page after a form. The text is ours; a forged link can change only the number. */
function noticeIn(query: unknown): string | undefined {
  const { ended } = query as { ended?: unknown }
  if (typeof ended !== 'string' || !/^\d{1,5}$/.test(ended)) return undefined
  return ended === '1' ? 'One session has been ended.' : `${Number(ended)} sessions have been ended.`
}
