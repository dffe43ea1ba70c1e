import type { FastifyPluginAsync } from 'fastify'

import type { ErrorCode } from '../errors/error-table.ts'
import { refuseChangeFromOtherOrigin } from '../headers/other-origins.ts'
import { logoutPage, signedOutPage } from '../pages/logout-pages.ts'
import { loginEndpoints } from './login-endpoints.ts'
import { finishLogout, loginNextPrefix, everywherePrefix } from './logout.ts'
import type { RelyingParty } from './relying-party.ts'
import { safeReturnTo } from './return-to.ts'

/** Login, callback and logout: the endpoints that start and end sessions. */
export const oidc: FastifyPluginAsync<{ party: RelyingParty }> = async (app, { party }) => {
  const { baseUrl, prefix } = party

  await app.register(loginEndpoints, { party })

  app.get('/logout', async (request, reply) => {
    const { principal } = request
    if (principal.kind !== 'user') return reply.redirect(`${prefix}/signed-out`, 302)
    const { return_to: returnTo } = request.query as Readonly<Record<string, unknown>>
    const name = principal.claims.name ?? principal.claims.email ?? principal.subject
    const page = logoutPage({
      name,
      action: `${prefix}/logout`,
      returnTo: safeReturnTo(returnTo, baseUrl, prefix),
      isEverywhere: isAskedEverywhere(request.query),
    })
    const { issuer } = request.session ?? {}
    return reply.sendPage({ ...page, formTargets: issuer === undefined ? [] : [new URL(issuer).origin] })
  })

  app.post('/logout', async (request, reply) => {
    refuseChangeFromOtherOrigin(request.headers, baseUrl)
    const { session } = request
    const isEverywhere = isAskedEverywhere(request.body)
    const isAllOver = await finishLogout(party, request, reply, isEverywhere)
    if (session === undefined) return reply
    app.audit.writeOf(session, request, { event: 'logout' })
    if (isEverywhere) {
      const event = {
        event: 'revocation',
        channel: 'sign-out-everywhere',
        target: { subject: session.subject },
      } as const
      app.audit.writeOf(session, request, isAllOver ? event : { ...event, reason: unshared })
    }
    return reply
  })

  app.get('/signed-out', async (request, reply) => {
    const { state } = request.query as Record<string, unknown>
    const text = typeof state === 'string' ? state : ''
    const prefixed = [loginNextPrefix, everywherePrefix].find((each) => text.startsWith(each))
    const isLoginNext = prefixed === loginNextPrefix
    const returnTo = safeReturnTo(text.slice(prefixed?.length ?? 0), baseUrl, prefix)
    const href = `${prefix}/login?return_to=${encodeURIComponent(returnTo)}`
    if (isLoginNext && request.principal.kind !== 'user') return reply.redirect(href, 302)
    // The person may have signed in again in another tab.
    if (request.principal.kind === 'user') return reply.redirect(`${prefix}/`, 302)
    return reply.sendPage(signedOutPage(href, prefixed === everywherePrefix))
  })
}

/** The reason when other replicas could not be notified yet. */
const unshared = 'STAGEDOOR_SESSION_STORE_UNAVAILABLE' satisfies ErrorCode

function isAskedEverywhere(fields: unknown): boolean {
  return ((fields ?? {}) as Readonly<Record<string, unknown>>)['everywhere'] === 'true'
}
