import { coreServices, createBackendModule } from '@backstage/backend-plugin-api'
import { authProvidersExtensionPoint, createProxyAuthProviderFactory } from '@backstage/plugin-auth-node'
import { entityNameOf } from '@stagedoor/assertion-contract'
import {
  createStagedoorAuthenticator,
  withAuth0Identity,
} from '@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'

/**
 * A sign-in resolver of one's own, in place of Stagedoor's auth module: it registers the same provider. Here the members of
 * each Auth0 organization have a namespace of their own.
 */
export default createBackendModule({
  pluginId: 'auth',
  moduleId: 'custom-sign-in',
  register(registry) {
    registry.registerInit({
      deps: { logger: coreServices.logger, providers: authProvidersExtensionPoint },
      async init({ logger, providers }) {
        providers.registerProvider({
          providerId: 'stagedoor',
          factory: createProxyAuthProviderFactory({
            authenticator: createStagedoorAuthenticator(logger),
            signInResolver: withAuth0Identity(async ({ result: { claims } }, context) => {
              const { org_name: organization = 'default', sub } = claims
              return context.issueToken({ claims: { sub: `user:${organization}/${entityNameOf(sub)}` } })
            }),
          }),
        })
      },
    })
  },
})
