import type { Configuration, KoaContextWithOIDC, Provider as OidcProvider } from 'oidc-provider'

import { createAdapterFactory } from './adapter.ts'
import { requestedAudience, resourceServer } from './audience.ts'
import { profileClaims } from './claims.ts'
import type { KeyRing } from './keys.ts'
import { recordLogin } from './logins.ts'
import { identityScopes } from './model.ts'
import { Provider, errors } from './oidc-provider.ts'
import { errorPage } from './pages.ts'
import { createInteractionPolicy, parameter } from './policy.ts'
import { demoConnections } from './seed.ts'
import type { Tenant } from './tenant.ts'
import { findOrganization, findUser } from './tenant.ts'

export const sessionCookie = 'auth0'

const routes = {
  authorization: '/authorize',
  token: '/oauth/token',
  jwks: '/.well-known/jwks.json',
  userinfo: '/userinfo',
  revocation: '/oauth/revoke',
  end_session: '/oidc/logout',
  pushed_authorization_request: '/oauth/par',
}

/** The underlying certified provider, configured to resemble Auth0. */
export function createProvider(tenant: Tenant, keys: KeyRing): OidcProvider {
  const provider = new Provider(tenant.issuer, configuration(tenant, keys))
  provider.on('authorization.success', (context) => recordLogin(tenant, context))
  return provider
}

function configuration(tenant: Tenant, keys: KeyRing): Configuration {
  return {
    adapter: createAdapterFactory(tenant),
    // Every outgoing token is signed again with the key ring's current key. The provider only needs some key.
    jwks: { keys: [keys.currentPrivateJwk()] },
    routes,
    scopes: identityScopes,
    claims: {
      openid: ['sub'],
      profile: ['name', 'nickname', 'picture', 'updated_at'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: false,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    pkce: { required: () => false },
    interactions: { policy: createInteractionPolicy(tenant), url: () => '/u/login' },
    cookies: { names: { session: sessionCookie, interaction: 'auth0_interaction', resume: 'auth0_resume' } },
    extraParams: extraParameters(tenant),
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    issueRefreshToken: (_context, client, code) =>
      client.grantTypeAllowed('refresh_token') && wantsOfflineAccess(tenant, code.grantId),
    findAccount: (context, id) => account(tenant, context, id),
    loadExistingGrant: grantEverything,
    renderError,
    ttl: {
      AccessToken: tenant.lifetimes.userinfoTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: 86_400,
      Grant: tenant.lifetimes.refreshTokenSeconds,
      IdToken: tenant.lifetimes.idTokenSeconds,
      Interaction: 3600,
      RefreshToken: tenant.lifetimes.refreshTokenSeconds,
      Session: tenant.lifetimes.sessionSeconds,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: mayRevoke },
      dPoP: { enabled: false },
      // Whether the tenant shows it is a switch.
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: (context) => requestedAudience(tenant, context) ?? [],
        useGrantedResource: () => true,
        getResourceServerInfo: (context, identifier) => resourceServer(tenant, context, identifier),
      },
    },
  }
}

/** A client may revoke its own tokens only. The provider's default does the same, and prints that it is a default. */
function mayRevoke(_context: unknown, client: { clientId: string }, token: { clientId?: string | undefined }): boolean {
  if (token.clientId === client.clientId) return true
  throw new errors.InvalidRequest('client is not authorized to revoke the presented token')
}

function extraParameters(tenant: Tenant): Configuration['extraParams'] {
  return {
    audience: null,
    screen_hint: null,
    requested_scope({ oidc }) {
      // A pushed request arrives as a form that no earlier handler has read.
      if (oidc.route === 'pushed_authorization_request' && oidc.params) oidc.params.requested_scope = oidc.body?.scope
    },
    connection(_context, value) {
      if (value !== undefined && !demoConnections.includes(value)) {
        throw new errors.InvalidRequest('the connection was not found')
      }
    },
    organization(_context, value) {
      if (value !== undefined && !findOrganization(tenant, value)) {
        throw new errors.InvalidRequest('parameter organization is invalid')
      }
    },
    invitation(context, value) {
      if (value !== undefined && parameter(context.oidc.params?.organization) === undefined) {
        throw new errors.InvalidRequest('parameter organization is required')
      }
    },
  }
}

function wantsOfflineAccess(tenant: Tenant, grantId: string | undefined): boolean {
  return grantId !== undefined && tenant.logins.get(grantId)?.scopes.includes('offline_access') === true
}

function account(tenant: Tenant, context: KoaContextWithOIDC, id: string) {
  const user = findUser(tenant, id)
  // Not found for the token endpoint, so that a refresh of a blocked user is an invalid grant.
  if (!user || (user.blocked && context.path === routes.token)) return undefined
  return { accountId: id, claims: () => ({ sub: id, ...profileClaims(user) }) }
}

/** First-party applications skip consent. One grant a login, so that revoking it ends that login's tokens only. */
async function grantEverything(context: KoaContextWithOIDC) {
  const { oidc } = context
  const { accountId } = oidc.session ?? {}
  const clientId = oidc.client?.clientId
  if (accountId === undefined || clientId === undefined) return undefined
  const grant = new oidc.provider.Grant({ accountId, clientId })
  grant.addOIDCScope(identityScopes.join(' '))
  for (const [identifier, { scope }] of Object.entries(oidc.resourceServers ?? {})) {
    grant.addResourceScope(identifier, scope)
  }
  await grant.save()
  return grant
}

/** Auth0 answers a bad callback with a page of its own, status 403, and never with a redirect. */
function renderError(
  context: KoaContextWithOIDC,
  out: { error: string; error_description?: string | undefined },
): void {
  const isBadCallback = out.error === 'invalid_redirect_uri'
  if (isBadCallback) context.status = 403
  context.type = 'html'
  context.body = isBadCallback
    ? errorPage(
        'Callback URL mismatch.',
        'The provided redirect_uri is not in the list of allowed callback URLs. Please go to the Application Settings and make sure you are sending a valid callback url from your application.',
      )
    : errorPage(out.error, out.error_description ?? '')
}
