import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import { alreadySignedInPage } from '../pages/login-pages.ts'
import { finishLogin } from './callback.ts'
import { isSessionNotKept, markerAtRestart } from './login-marker.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'
import { isNeedless, startLogin } from './start-login.ts'
import { destinationOf } from './step-up.ts'
import { answerToStray, StrayCallback } from './stray-callback.ts'

/** Login and callback. A callback that belongs to no login in flight is led to a page or to a new login. */
export const loginEndpoints: FastifyPluginAsync<{ party: RelyingParty }> = async (app, { party }) => {
  const { prefix, markers, now } = party

  app.get('/login', async (request, reply) => {
    const isSignedIn = request.session !== undefined
    if (request.facts.isNavigation && isNeedless(party, request)) return sendAlreadySignedIn(request, reply)
    if (isSessionNotKept(markers.read(request), isSignedIn, now())) {
      markers.write(reply, { kind: 'none' })
      throw new GatewayError('STAGEDOOR_OIDC_SESSION_NOT_KEPT', { reason: whyNotKept(request) })
    }
    await startLogin(party, request, reply)
    return reply
  })

  app.get('/callback', async (request, reply) => {
    try {
      const { session, isStepUp } = await finishLogin(party, request, reply)
      app.audit.writeOf(session, request, { event: isStepUp ? 'step-up' : 'login' })
      return reply
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      app.audit.write(request, { event: 'login-refused', reason: error.code })
      return answerStrayCallback(error, request, reply)
    }
  })

  app.get('/step-up', async (request, reply) => answerStepUp(party, request, reply))

  function answerStrayCallback(error: GatewayError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const marker = markers.read(request)
    const isSignedIn = request.session !== undefined
    const nextStep = answerToStray(error, { isSignedIn, isNavigation: request.facts.isNavigation, marker })
    if (nextStep === 'page') throw error
    const { code, reason } = error
    request.log.info({ code, reason, nextStep }, 'a callback belongs to no login in flight')
    if (nextStep === 'say-signed-in') return sendAlreadySignedIn(request, reply)
    const returnTo = error instanceof StrayCallback ? error.returnTo : '/'
    reply.header('cache-control', 'no-store')
    if (nextStep === 'continue') return reply.redirect(returnTo, 302)
    markers.write(reply, markerAtRestart(marker, now()))
    return reply.redirect(`${prefix}/login?return_to=${encodeURIComponent(returnTo)}`, 302)
  }

  function sendAlreadySignedIn(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { principal } = request
    const name = principal.kind === 'user' ? (principal.claims.name ?? principal.claims.email) : undefined
    const links = { portalHref: '/', accountHref: `${prefix}/`, logoutHref: `${prefix}/logout` }
    return reply.sendPage(alreadySignedInPage(name, links))
  }
}

/** A session cookie that cannot be opened hints at replicas with different secrets. Without one, the browser did not keep the cookie. */
function whyNotKept({ cookies }: FastifyRequest): string {
  const isThere = Object.keys(cookies).some((name) => /^(?:__Host-)?stagedoor(?:\.0)?$/.test(name))
  return isThere ? 'cookie-not-accepted' : 'cookie-not-sent'
}

/**
 * Redirects to the page when the path in `for` needs no further second factor, and to the login otherwise. That login either
 * proves the second factor or ends in an error page, so there is no loop.
 * @throws STAGEDOOR_SESSION_REQUIRED
 */
function answerStepUp(party: RelyingParty, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { principal, facts } = request
  if (principal.kind !== 'user') throw new GatewayError('STAGEDOOR_SESSION_REQUIRED')
  const { baseUrl, prefix } = party
  const own = facts.path + facts.query
  const { path, methods } = destinationOf(own, baseUrl, prefix)
  const isLacking = methods.some(
    (method) => party.secondFactorFor(principal, { method, path, host: facts.host }) !== undefined,
  )
  reply.header('cache-control', 'no-store')
  if (isLacking) return reply.redirect(`${prefix}/login?return_to=${encodeURIComponent(own)}`, 302)
  const page = new URL(own, baseUrl).searchParams.get('return_to')
  return reply.redirect(safeReturnTo(page, baseUrl, prefix), 302)
}
