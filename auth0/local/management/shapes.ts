import type { LocalClient, LocalOrganization, LocalUser } from '../model.ts'
import type { Tenant } from '../tenant.ts'

export function createdAtOf({ createdAt }: LocalUser): string {
  return createdAt ?? '2026-01-01T00:00:00.000Z'
}

/** The database connection, unless the id says where else the user comes from. */
export function connectionOf({ id }: LocalUser): string {
  const [strategy = 'auth0'] = id.split('|')
  return strategy === 'auth0' ? 'Username-Password-Authentication' : strategy
}

/** A user as GET /api/v2/users shows it. */
export function userShape(user: LocalUser): Record<string, unknown> {
  const [provider = 'auth0', id = ''] = user.id.split('|')
  return {
    user_id: user.id,
    email: user.email,
    email_verified: user.emailVerified,
    name: user.name,
    nickname: user.nickname,
    picture: `https://www.gravatar.com/avatar/${encodeURIComponent(user.nickname)}`,
    created_at: createdAtOf(user),
    updated_at: '2026-01-01T00:00:00.000Z',
    identities: [{ provider, user_id: id, connection: connectionOf(user), isSocial: false }],
    app_metadata: { groups: user.groups },
    // Auth0 shows the member only for users who are, or once were, blocked.
    ...(user.blocked ? { blocked: true } : {}),
  }
}

export function memberShape(user: LocalUser, withRoles: boolean): Record<string, unknown> {
  const { id, email, name, nickname } = user
  return {
    user_id: id,
    email,
    name,
    picture: `https://www.gravatar.com/avatar/${encodeURIComponent(nickname)}`,
    ...(withRoles ? { roles: user.roles.map(roleShape).map((role) => ({ id: role.id, name: role.name })) } : {}),
  }
}

export function roleShape(name: string): { id: string; name: string; description: string } {
  return { id: `rol_${Buffer.from(name).toString('base64url')}`, name, description: `The role ${name}` }
}

/** A role that people have, or that was made. */
export function roleNames({ users, configuration }: Tenant): string[] {
  const made = configuration.roles.map(({ name }) => name)
  return [...new Set([...users.flatMap((user) => user.roles), ...made])].toSorted()
}

export function organizationShape({ id, name, displayName }: LocalOrganization): Record<string, unknown> {
  return { id, name, display_name: displayName }
}

/** An Auth0 Group (early access): here one for each name that a user's `groups` hold. */
export function groupShape(name: string): { id: string; name: string; description: string } {
  return { id: `grp_${Buffer.from(name).toString('base64url')}`, name, description: `The group ${name}` }
}

export function groupNames({ users }: Tenant): string[] {
  return [...new Set(users.flatMap((user) => user.groups))].toSorted()
}

/** An application, as far as the scopes show it. */
export function clientShape(client: LocalClient, tenant: Tenant, scopes: readonly string[]): Record<string, unknown> {
  const keys = scopes.includes('read:client_keys') || scopes.includes('read:client_credentials')
  const settings = scopes.includes('read:client_keys') || scopes.includes('read:clients')
  const type = client.grantTypes.includes('authorization_code') ? 'regular_web' : 'non_interactive'
  return {
    client_id: client.clientId,
    name: client.name,
    app_type: type,
    ...(settings ? settingsOf(client, tenant) : {}),
    ...(keys ? { client_secret: client.clientSecret, ...methodsOf(client) } : {}),
  }
}

function methodsOf({ activeCredentials = [] }: LocalClient): Record<string, unknown> {
  if (activeCredentials.length === 0) return {}
  const credentials = activeCredentials.map((id) => ({ id }))
  return { client_authentication_methods: { private_key_jwt: { credentials } } }
}

function settingsOf(client: LocalClient, { lifetimes }: Tenant): Record<string, unknown> {
  return {
    callbacks: client.callbacks,
    allowed_logout_urls: client.logoutUrls,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: 'client_secret_post',
    oidc_conformant: true,
    jwt_configuration: { secret_encoded: false, alg: 'RS256', lifetime_in_seconds: lifetimes.idTokenSeconds },
    refresh_token: {
      rotation_type: 'rotating',
      expiration_type: 'expiring',
      leeway: lifetimes.rotationLeewaySeconds,
      token_lifetime: lifetimes.refreshTokenSeconds,
      infinite_token_lifetime: true,
      infinite_idle_token_lifetime: true,
    },
    ...(client.backchannelLogoutUrls.length === 0 ? {} : { oidc_logout: logoutShape(client) }),
    ...client.settings,
    ...((client.activeCredentials ?? []).length > 0 && { token_endpoint_auth_method: null }),
  }
}

function logoutShape({ backchannelLogoutUrls, backchannelLogoutInitiators: initiators }: LocalClient) {
  return {
    backchannel_logout_urls: backchannelLogoutUrls,
    backchannel_logout_initiators:
      initiators === 'all' ? { mode: 'all' } : { mode: 'custom', selected_initiators: initiators },
  }
}
