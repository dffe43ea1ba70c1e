import type Provider from 'oidc-provider'

import type { Backchannel } from './backchannel.ts'
import { discoveryDocument } from './discovery.ts'
import type { KeyRing } from './keys.ts'
import { createLoginPages } from './login.ts'
import { createLogout } from './logout.ts'
import { errorPage, favicon } from './pages.ts'
import type { Tenant } from './tenant.ts'
import { dressError, dressTokenResponse } from './tokens.ts'
import { createUserinfo } from './userinfo.ts'

export type RouteContext = Parameters<Parameters<Provider['use']>[0]>[0]
type Next = () => Promise<unknown>
type Handler = (context: RouteContext, next: Next) => Promise<void> | void

const jwksCacheControl = 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400'

/** Routes Auth0's own paths before the provider, and adapts the provider's answers to Auth0's. */
export function installRoutes(tenant: Tenant, provider: Provider, keys: KeyRing, backchannel: Backchannel): void {
  const login = createLoginPages(tenant, provider)
  const logout = createLogout(tenant, provider, keys, backchannel)
  const userinfo = createUserinfo(tenant, provider, keys)

  const handlers = new Map<string, Handler>(
    Object.entries({
      '/.well-known/openid-configuration': (context) => publish(context, discoveryDocument(tenant), jwksCacheControl),
      '/.well-known/oauth-authorization-server': (context) =>
        publish(context, discoveryDocument(tenant), jwksCacheControl),
      // Browsers request the .ico for answers that are no page.
      '/favicon.ico': showIcon,
      '/favicon.svg': showIcon,
      '/.well-known/jwks.json': (context) => publish(context, keys.jwks(), jwksCacheControl),
      '/authorize': (context, next) => authorize(tenant, context, next),
      '/oauth/token': async (context, next) => {
        await next()
        await dressTokenResponse(tenant, keys, context)
      },
      '/oauth/revoke': revoke,
      '/oauth/par': (context, next) => pushAuthorization(tenant, context, next),
      '/userinfo': userinfo,
      '/u/login': login.handle,
      '/u/login/mfa': login.handle,
      '/v2/logout': logout.legacyLogout,
      '/oidc/logout': logout.standardLogout,
    }),
  )

  provider.use(async (context, next) => {
    const handler = handlers.get(context.path)
    if (handler) await handler(context, next)
    else await next()
    removeIssuer(tenant, context)
  })
}

function showIcon(context: RouteContext): void {
  context.type = 'image/svg+xml'
  context.set('cache-control', 'public, max-age=86400')
  context.body = favicon
}

function publish(context: RouteContext, body: unknown, cacheControl: string): void {
  context.set('cache-control', cacheControl)
  context.set('access-control-allow-origin', '*')
  context.body = body
}

async function authorize(tenant: Tenant, context: RouteContext, next: Next): Promise<void> {
  const query = new URLSearchParams(context.querystring)
  tenant.lastAuthorize = Object.fromEntries(query)
  if (query.has('request_uri')) return next().then(() => undefined)
  if (tenant.settings.pushedAuthorization === 'required') return refusePlain(context)
  // The provider drops offline_access without prompt=consent, and Auth0 ignores id_token_hint here.
  query.delete('id_token_hint')
  query.set('requested_scope', query.get('scope') ?? '')
  context.querystring = query.toString()
  await next()
}

function refusePlain(context: RouteContext): void {
  context.status = 400
  context.type = 'html'
  context.body = errorPage('invalid_request', 'Pushed Authorization Requests are required for this client')
}

/** RFC 9126 §2; a tenant without it has no such path. */
async function pushAuthorization({ settings }: Tenant, context: RouteContext, next: Next): Promise<void> {
  if (settings.pushedAuthorization === 'none') return
  await next()
  if (isRefusal(context.body)) dressError(context, context.body)
}

async function revoke(context: RouteContext, next: Next): Promise<void> {
  await next()
  if (isRefusal(context.body)) dressError(context, context.body)
}

function isRefusal(body: unknown): body is { error: string } {
  return typeof body === 'object' && body !== null && 'error' in body
}

/** Removes RFC 9207 `iss`, which the provider adds and Auth0's documentation does not mention. */
function removeIssuer(tenant: Tenant, context: RouteContext): void {
  const location = context.res.getHeader('location')
  if (tenant.settings.sendIssuerOnCallback || typeof location !== 'string' || !location.includes('iss=')) return
  const url = new URL(location, tenant.issuer)
  if (url.searchParams.get('iss') !== tenant.issuer) return
  url.searchParams.delete('iss')
  context.set('location', url.href)
}
