import type { JWTPayload } from 'jose'

import type { LocalApi, LocalUser, LoginRecord } from './model.ts'
import { claimNamespace, identityScopes, multiFactorAcr } from './model.ts'
import type { Tenant } from './tenant.ts'

/** Names that Auth0 keeps for itself: an Action that sets one of them appears to work and nothing arrives. */
const reservedClaims = new Set(
  `roles groups permissions entitlements sid org_id org_name amr acr events act cnf iss sub aud exp iat nbf jti azp
   scope gty nonce at_hash c_hash auth_time`.split(/\s+/),
)

/** The claims that the post-login Action puts on both tokens. */
export function actionClaims(user: LocalUser): Record<string, unknown> {
  const custom = Object.entries(user.customClaims ?? {}).filter(([name]) => !reservedClaims.has(name))
  return {
    [`${claimNamespace}roles`]: user.roles,
    [`${claimNamespace}groups`]: user.groups,
    ...Object.fromEntries(custom),
  }
}

export function profileClaims(user: LocalUser): Record<string, unknown> {
  return {
    nickname: user.nickname,
    name: user.name,
    picture: `https://www.gravatar.com/avatar/${encodeURIComponent(user.nickname)}`,
    updated_at: '2026-01-01T00:00:00.000Z',
    email: user.email,
    email_verified: user.emailVerified,
  }
}

function organizationClaims(tenant: Tenant, login: LoginRecord): Record<string, unknown> {
  if (login.organizationId === undefined) return {}
  const organization = tenant.organizations.find(({ id }) => id === login.organizationId)
  if (!organization || !tenant.settings.sendOrganizationName) return { org_id: login.organizationId }
  return { org_id: organization.id, org_name: organization.name }
}

/** Converts the provider's ID token to Auth0's form; `shiftSeconds` moves its clock. */
export function idTokenClaims(
  tenant: Tenant,
  login: LoginRecord,
  user: LocalUser,
  issued: JWTPayload,
  shiftSeconds: number,
): JWTPayload {
  const { acr: _acr, amr: _amr, auth_time: _authTime, at_hash: _hash, ...provided } = issued
  return {
    ...actionClaims(user),
    ...provided,
    iat: (issued.iat ?? 0) + shiftSeconds,
    exp: (issued.iat ?? 0) + shiftSeconds + tenant.lifetimes.idTokenSeconds,
    sid: login.sid,
    ...(login.authTimeSeconds === undefined ? {} : { auth_time: login.authTimeSeconds + shiftSeconds }),
    ...(login.mfaJustPassed ? { amr: ['mfa', 'pwd'], acr: multiFactorAcr } : {}),
    ...organizationClaims(tenant, login),
    ...(tenant.settings.sessionExpirySeconds === undefined
      ? {}
      : { session_expiry: tenant.settings.sessionExpirySeconds }),
  }
}

/** Scopes a user's token gets: identity scopes as asked for, API scopes only with the permission (RBAC). */
export function grantedUserScopes(login: LoginRecord, user: LocalUser, api: LocalApi | undefined): string[] {
  return login.scopes.filter((scope) => {
    if (identityScopes.includes(scope)) return true
    return api !== undefined && api.scopes.includes(scope) && user.permissions.includes(scope)
  })
}

type Times = { iat: number; exp: number }

export function userAccessTokenClaims(
  tenant: Tenant,
  login: LoginRecord,
  user: LocalUser,
  api: LocalApi,
  times: Times,
): JWTPayload {
  const scopes = grantedUserScopes(login, user, api)
  const audience = scopes.includes('openid') ? [api.identifier, `${tenant.issuer}userinfo`] : api.identifier
  return {
    ...actionClaims(user),
    iss: tenant.issuer,
    sub: user.id,
    aud: audience,
    ...times,
    scope: scopes.join(' '),
    ...clientClaims(api, login.clientId),
    permissions: user.permissions.filter((permission) => api.scopes.includes(permission)),
    ...organizationClaims(tenant, login),
  }
}

export function machineAccessTokenClaims(
  tenant: Tenant,
  clientId: string,
  api: LocalApi,
  scopes: string[],
  times: Times,
): JWTPayload {
  return {
    iss: tenant.issuer,
    sub: `${clientId}@clients`,
    aud: api.identifier,
    ...times,
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...(api.dialect === 'auth0' ? { gty: 'client-credentials' } : {}),
    ...clientClaims(api, clientId),
    permissions: scopes,
  }
}

/** Auth0's own profile names the client `azp` and has no `jti`; RFC 9068 §2.2 wants `client_id` and `jti`. */
function clientClaims(api: LocalApi, clientId: string): JWTPayload {
  if (api.dialect === 'auth0') return { azp: clientId }
  return { client_id: clientId, jti: crypto.randomUUID() }
}

export function accessTokenType(api: LocalApi): string {
  return api.dialect === 'auth0' ? 'JWT' : 'at+jwt'
}
