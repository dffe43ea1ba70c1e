import { coreServices, createBackendModule } from '@backstage/backend-plugin-api'
import { authProvidersExtensionPoint, createProxyAuthProviderFactory } from '@backstage/plugin-auth-node'

import { createStagedoorAuthenticator } from './authenticator.ts'
import { stagedoorSignInResolvers } from './resolvers.ts'
import { readSignInResolver } from './sign-in.ts'

/** Registers the proxy auth provider `stagedoor` with Backstage's auth plugin. @public */
export const authModuleStagedoorProvider = createBackendModule({
  pluginId: 'auth',
  moduleId: 'stagedoor-provider',
  register(registry) {
    registry.registerInit({
      deps: { logger: coreServices.logger, providers: authProvidersExtensionPoint },
      async init({ logger, providers }) {
        providers.registerProvider({
          providerId: 'stagedoor',
          factory: (context) =>
            createProxyAuthProviderFactory({
              authenticator: createStagedoorAuthenticator(logger),
              signInResolver: readSignInResolver(context.config, stagedoorSignInResolvers),
            })(context),
        })
      },
    })
  },
})
