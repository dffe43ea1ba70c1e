import type { KoaContextWithOIDC, ResourceServer } from 'oidc-provider'

import type { LocalApi } from './model.ts'
import { grantedScopes, identityScopes } from './model.ts'
import { errors } from './oidc-provider.ts'
import { parameter } from './policy.ts'
import type { Tenant } from './tenant.ts'

/** The API that `audience` names; the /userinfo audience alone means an opaque token, as no audience does. */
export function requestedAudience(tenant: Tenant, context: KoaContextWithOIDC): string | undefined {
  const { oidc } = context
  const audience = parameter(oidc.route === 'token' ? oidc.body?.audience : oidc.params?.audience)
  if (audience === `${tenant.issuer}userinfo`) return undefined
  if (audience === undefined && oidc.params?.grant_type === 'client_credentials') {
    throw new errors.AccessDenied('No audience parameter was provided, and no default audience has been configured')
  }
  return audience
}

export function findApi(tenant: Tenant, identifier: string): LocalApi | undefined {
  return tenant.apis.find((api) => api.identifier === identifier)
}

/** @throws AccessDenied `Service not found` for an unknown API, and for a machine without a client grant. */
export function resourceServer(tenant: Tenant, context: KoaContextWithOIDC, identifier: string): ResourceServer {
  const api = findApi(tenant, identifier)
  if (!api) throw new errors.AccessDenied(`Service not found: ${identifier}`)
  if (context.oidc.params?.grant_type === 'client_credentials') requireClientGrant(tenant, context, identifier)
  return {
    scope: [...identityScopes, ...api.scopes].join(' '),
    audience: identifier,
    accessTokenTTL: api.lifetimeSeconds,
    // The token response is converted afterwards. The provider's own token is never sent.
    accessTokenFormat: 'opaque',
  }
}

function requireClientGrant(tenant: Tenant, { oidc }: KoaContextWithOIDC, identifier: string): void {
  const client = tenant.clients.find(({ clientId }) => clientId === oidc.client?.clientId)
  if (client !== undefined && grantedScopes(client, identifier) !== undefined) return
  throw new errors.AccessDenied(
    `Client is not authorized to access "${identifier}". You need to create a "client-grant" associated to this API.`,
  )
}
