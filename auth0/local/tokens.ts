import { decodeJwt } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'

import { findApi } from './audience.ts'
import {
  accessTokenType,
  grantedUserScopes,
  idTokenClaims,
  machineAccessTokenClaims,
  userAccessTokenClaims,
} from './claims.ts'
import { hostileToken } from './hostile.ts'
import type { KeyRing } from './keys.ts'
import { grantedScopes, type LocalApi } from './model.ts'
import { parameter } from './policy.ts'
import type { RouteContext } from './routes.ts'
import type { Tenant } from './tenant.ts'
import { findUser } from './tenant.ts'

type TokenResponse = {
  access_token: string
  token_type: string
  expires_in: number
  id_token?: string
  refresh_token?: string
  scope?: string
}
type ErrorResponse = { error: string; error_description?: string }

/** Turns the provider's answer at the token endpoint into Auth0's. */
export async function dressTokenResponse(tenant: Tenant, keys: KeyRing, context: RouteContext): Promise<void> {
  const { oidc } = context as unknown as KoaContextWithOIDC
  const grantType = parameter(oidc.params?.grant_type)
  countGrant(tenant, grantType)
  if (isErrorResponse(context.body)) return dressError(context, context.body, grantType)
  const provided = context.body as TokenResponse
  const body = grantType === 'client_credentials' ? machineTokens(oidc) : userTokens(oidc, provided)
  context.body = await body

  async function machineTokens({ body: form, client }: KoaContextWithOIDC['oidc']): Promise<TokenResponse> {
    const api = findApi(tenant, parameter(form?.audience) ?? '')
    const registered = tenant.clients.find(({ clientId }) => clientId === client?.clientId)
    if (!api || !registered) throw new Error('a machine token without API or client')
    const scopes = machineScopes(grantedScopes(registered, api.identifier) ?? [], parameter(form?.scope))
    const claims = machineAccessTokenClaims(tenant, registered.clientId, api, scopes, timesOf(api))
    return {
      access_token: await keys.sign(claims, { typ: accessTokenType(api) }),
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
      expires_in: api.lifetimeSeconds,
      token_type: 'Bearer',
    }
  }

  async function userTokens({ entities }: KoaContextWithOIDC['oidc'], answer: TokenResponse): Promise<TokenResponse> {
    const grantId = (entities.AuthorizationCode ?? entities.RefreshToken)?.grantId ?? ''
    const login = tenant.logins.get(grantId)
    const user = login && findUser(tenant, login.userId)
    if (!login || !user) throw new Error('a token without a login')
    const api = login.audience === undefined ? undefined : findApi(tenant, login.audience)
    const result: TokenResponse = {
      ...answer,
      token_type: 'Bearer',
      scope: grantedUserScopes(login, user, api).join(' '),
      expires_in: api?.lifetimeSeconds ?? tenant.lifetimes.userinfoTokenSeconds,
    }
    if (api) {
      const claims = userAccessTokenClaims(tenant, login, user, api, timesOf(api))
      result.access_token = await keys.sign(claims, { typ: accessTokenType(api) })
    }
    if (answer.id_token !== undefined) {
      const claims = idTokenClaims(tenant, login, user, decodeJwt(answer.id_token), shiftSeconds(tenant))
      result.id_token = await hostileToken(keys, claims, tenant.settings.idTokenFaults)
      login.mfaJustPassed = false
    }
    return result
  }

  function timesOf(api: LocalApi): { iat: number; exp: number } {
    const iat = Math.floor(tenant.nowMs() / 1000)
    return { iat, exp: iat + api.lifetimeSeconds }
  }
}

/** The offset of the tenant's clock. */
export function shiftSeconds(tenant: Tenant): number {
  return Math.round((tenant.nowMs() - Date.now()) / 1000)
}

/** A request without scopes gets all granted ones. */
function machineScopes(granted: string[], requested: string | undefined): string[] {
  if (requested === undefined) return granted
  const wanted = requested.split(' ')
  return granted.filter((scope) => wanted.includes(scope))
}

function countGrant({ counters }: Tenant, grantType: string | undefined): void {
  if (grantType === 'authorization_code') counters.tokenAuthorizationCode += 1
  if (grantType === 'refresh_token') counters.tokenRefreshToken += 1
  if (grantType === 'client_credentials') counters.tokenClientCredentials += 1
}

function isErrorResponse(body: unknown): body is ErrorResponse {
  return typeof body === 'object' && body !== null && 'error' in body
}

/** Auth0's texts and statuses: 401 for a wrong client secret, 403 for a missing right. */
export function dressError(context: RouteContext, body: ErrorResponse, grantType?: string): void {
  if (body.error === 'invalid_client') {
    context.remove('www-authenticate')
    context.status = 401
    context.body = { error: 'access_denied', error_description: 'Unauthorized' }
    return
  }
  if (body.error_description === 'requested grant type is not allowed for this client') {
    context.status = 403
    context.body = {
      error: 'unauthorized_client',
      error_description: `Grant type '${grantType}' not allowed for the client.`,
    }
    return
  }
  if (body.error === 'invalid_grant') {
    context.body = { error: 'invalid_grant', error_description: invalidGrantText(grantType) }
  }
  if (body.error === 'invalid_grant' || body.error === 'access_denied') context.status = 403
}

function invalidGrantText(grantType: string | undefined): string {
  return grantType === 'refresh_token' ? 'Unknown or invalid refresh token.' : 'Invalid authorization code'
}
