import type { FastifyPluginAsync } from 'fastify'

import { GatewayError } from '../../errors/gateway-error.ts'
import { refuseForeignForm } from '../../headers/form-origin.ts'
import { wantsPage } from '../../headers/navigation.ts'
import { sessionsPage } from '../../pages/console/sessions.ts'
import type { Revocations } from '../../revocation/revocations.ts'
import type { SeenSessions } from '../../revocation/seen-sessions.ts'
import { filterIn, listed, pageOf, revocationIn } from './session-requests.ts'

export type AdminSessionsOptions = {
  /** Where the console lives. */
  base: string
  seen: SeenSessions
  revocations: Pick<Revocations, 'revoke'>
  baseUrl: string
  issuer: string
  /** Milliseconds since the epoch. */
  now: () => number
}

/** `GET /.stagedoor/admin/sessions` and `POST …/sessions/revoke`: lists sessions, and ends them. */
export const adminSessions: FastifyPluginAsync<AdminSessionsOptions> = async (app, options) => {
  const { base, seen, revocations, baseUrl, issuer, now } = options
  const since = new Date(now()).toISOString()

  app.get('/sessions', async (request, reply) => {
    const found = seen.list(filterIn(request.query))
    if (wantsPage(request.headers)) return reply.sendPage(sessionsPage(pageOf(found, request.query), base))
    return reply.header('cache-control', 'no-store').send({ since, sessions: found.map(listed) })
  })

  app.post('/sessions/revoke', async (request, reply) => {
    // Programs bring a token of their own, which no page of another site can send.
    if (request.principal.kind === 'user') refuseForeignForm(request.headers, baseUrl)
    const { revocation, target } = revocationIn(request.body, issuer, now())
    await app.audit.ensure(request, { event: 'revocation', channel: 'admin', target })
    try {
      await revocations.revoke(revocation)
    } catch (cause) {
      throw new GatewayError('STAGEDOOR_SESSION_STORE_UNAVAILABLE', { cause, headers: { 'retry-after': '5' } })
    }
    if (wantsPage(request.headers)) return reply.redirect(`${base}/sessions?ended=1`, 303)
    return reply.header('cache-control', 'no-store').send({ revoked: target })
  })
}
