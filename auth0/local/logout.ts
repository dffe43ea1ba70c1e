import type Provider from 'oidc-provider'

import type { Backchannel } from './backchannel.ts'
import { readForm } from './form.ts'
import type { KeyRing } from './keys.ts'
import type { LocalClient } from './model.ts'
import { confirmLogoutPage, errorPage, signedOutPage } from './pages.ts'
import { sessionCookie } from './provider.ts'
import type { RouteContext } from './routes.ts'
import type { Tenant } from './tenant.ts'

/** Auth0's two logouts. Either ends the SSO session for the whole tenant. */
export function createLogout(tenant: Tenant, provider: Provider, keys: KeyRing, backchannel: Backchannel) {
  const clientOf = (id: string | null | undefined) => tenant.clients.find(({ clientId }) => clientId === id)
  const sessionOf = (context: RouteContext) => provider.Session.get(context)

  async function endSession(context: RouteContext): Promise<void> {
    const session = await sessionOf(context)
    context.cookies.set(sessionCookie, null)
    if (session.accountId === undefined) return
    await session.destroy()
    // Delivery is queued at Auth0: the browser does not wait for the applications.
    void backchannel.sessionEnded(session.uid, 'rp-logout')
  }

  /** `GET /v2/logout?client_id&returnTo` */
  async function legacyLogout(context: RouteContext): Promise<void> {
    const query = new URLSearchParams(context.querystring)
    const client = clientOf(query.get('client_id'))
    const allowed = client?.logoutUrls ?? tenant.tenantLogoutUrls
    const target = query.get('returnTo') ?? allowed[0]
    if (target !== undefined && !isAllowed(target, allowed)) return refuse(context, 'returnTo', target)
    await endSession(context)
    if (target === undefined) return show(context, 200, signedOutPage())
    context.redirect(target)
  }

  /** RP-initiated logout: silent only when the request proves which session, or which application's user, it means. */
  async function standardLogout(context: RouteContext): Promise<void> {
    const query = context.method === 'POST' ? await readForm(context.req) : new URLSearchParams(context.querystring)
    const hint = query.get('id_token_hint')
    const claims = hint === null ? undefined : await keys.verify(hint)
    if (hint !== null && !claims)
      return show(context, 400, errorPage('invalid_request', 'invalid id_token_hint received'))
    const client = clientOf(typeof claims?.aud === 'string' ? claims.aud : query.get('client_id'))
    if (claims && query.has('client_id') && query.get('client_id') !== client?.clientId) {
      return show(context, 400, errorPage('invalid_request', 'client_id does not match the id_token_hint'))
    }
    const allowed = client?.logoutUrls ?? tenant.tenantLogoutUrls
    const target = query.get('post_logout_redirect_uri') ?? undefined
    if (target !== undefined && !isAllowed(target, allowed)) return refuse(context, 'post_logout_redirect_uri', target)
    const proven = await isProven(context, query, claims?.sid, client)
    if (!proven && query.get('confirm') !== 'yes') return show(context, 200, confirmLogoutPage(query))
    await endSession(context)
    const destination = target ?? allowed[0]
    if (destination === undefined) return show(context, 200, signedOutPage())
    context.redirect(withState(destination, query.get('state')))
  }

  async function isProven(
    context: RouteContext,
    query: URLSearchParams,
    hintedSid: unknown,
    client: LocalClient | undefined,
  ): Promise<boolean> {
    const session = await sessionOf(context)
    if (session.accountId === undefined) return true
    if (hintedSid !== undefined) return hintedSid === session.uid
    return client !== undefined && query.get('logout_hint') === session.uid
  }

  return { legacyLogout, standardLogout }
}

/** Query string and hash are ignored by Auth0's check; the path is case-sensitive. */
function isAllowed(target: string, allowed: string[]): boolean {
  const bare = target.split(/[?#]/, 1)[0]
  return allowed.some((url) => url === target || url.split(/[?#]/, 1)[0] === bare)
}

function withState(destination: string, state: string | null): string {
  if (state === null) return destination
  const url = new URL(destination)
  url.searchParams.set('state', state)
  return url.href
}

function refuse(context: RouteContext, parameter: string, value: string): void {
  const text = `The "${parameter}" querystring parameter "${value}" is not defined as a valid URL in "Allowed Logout URLs".`
  show(context, 400, errorPage('Oops!, something went wrong', text))
}

function show(context: RouteContext, status: number, body: string): void {
  context.status = status
  context.type = 'html'
  context.body = body
}
