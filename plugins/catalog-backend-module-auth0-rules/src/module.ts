import { coreServices, createBackendModule } from '@backstage/backend-plugin-api'

import { auth0Rules } from './rules.ts'

/** Lets permission policies name Auth0's roles and claims in conditions about catalog entities. @public */
export const catalogModuleAuth0Rules = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'auth0-rules',
  register(registry) {
    registry.registerInit({
      deps: { permissions: coreServices.permissionsRegistry },
      async init({ permissions }) {
        permissions.addPermissionRules(Object.values(auth0Rules))
      },
    })
  },
})
