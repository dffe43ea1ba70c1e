import { createBackendModule } from '@backstage/backend-plugin-api'
import { scaffolderActionsExtensionPoint } from '@backstage/plugin-scaffolder-node'
import { auth0IdentityServiceRef } from '@stagedoor/backstage-plugin-stagedoor-node'

import { createIdentityAction } from './identity-action.ts'

/** Lets templates choose their steps by the roles and claims of the person who runs them. @public */
export const scaffolderModuleAuth0 = createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'auth0',
  register(registry) {
    registry.registerInit({
      deps: { actions: scaffolderActionsExtensionPoint, identity: auth0IdentityServiceRef },
      async init({ actions, identity }) {
        actions.addActions(createIdentityAction(identity))
      },
    })
  },
})
