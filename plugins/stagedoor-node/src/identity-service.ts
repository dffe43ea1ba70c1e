import {
  coreServices,
  createServiceFactory,
  createServiceRef,
  type AuthService,
  type BackstageCredentials,
  type DiscoveryService,
} from '@backstage/backend-plugin-api'
import { NotAllowedError, ResponseError } from '@backstage/errors'
import { auth0IdentityClaim, readAuth0Identity, type Auth0Identity } from '@stagedoor/assertion-contract'

/** Gives the Auth0 identity of a backend plugin's caller. @public */
export type Auth0IdentityService = {
  /**
   * The identity that sign-in verified.
   *
   * @throws NotAllowedError where the caller is no person, or did not sign in through Stagedoor
   */
  getIdentity: (credentials: BackstageCredentials) => Promise<Auth0Identity>
}

type Dependencies = { auth: AuthService; discovery: DiscoveryService; fetch?: typeof fetch }

/** Asks Backstage's auth plugin, which keeps what the sign-in resolver issued. Nothing that a caller sends is believed. */
function createAuth0IdentityService(dependencies: Dependencies): Auth0IdentityService {
  const { auth, discovery, fetch: send = fetch } = dependencies
  return {
    async getIdentity(credentials) {
      if (!auth.isPrincipal(credentials, 'user')) throw new NotAllowedError('Only a person has an Auth0 identity')
      const { token } = await auth.getLimitedUserToken(credentials)
      const url = `${await discovery.getBaseUrl('auth')}/v1/userinfo`
      const response = await send(url, { headers: { authorization: `Bearer ${token}` } })
      if (!response.ok) throw await ResponseError.fromResponse(response)
      const identity = identityIn(await response.json())
      if (identity !== undefined) return identity
      throw new NotAllowedError(`${credentials.principal.userEntityRef} did not sign in through Stagedoor`)
    },
  }
}

function identityIn(userInfo: unknown): Auth0Identity | undefined {
  if (typeof userInfo !== 'object' || userInfo === null || !('claims' in userInfo)) return undefined
  const { claims } = userInfo
  if (typeof claims !== 'object' || claims === null || !(auth0IdentityClaim in claims)) return undefined
  return readAuth0Identity(claims[auth0IdentityClaim])
}

/** A dependency of plugins and modules; needs no registration. @public */
export const auth0IdentityServiceRef = createServiceRef<Auth0IdentityService>({
  id: 'stagedoor.auth0-identity',
  scope: 'plugin',
  defaultFactory: async (service) =>
    createServiceFactory({
      service,
      deps: { auth: coreServices.auth, discovery: coreServices.discovery },
      factory: createAuth0IdentityService,
    }),
})
