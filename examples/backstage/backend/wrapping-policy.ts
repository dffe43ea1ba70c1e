import { createBackendModule } from '@backstage/backend-plugin-api'
import { AuthorizeResult } from '@backstage/plugin-permission-common'
import { stagedoorPolicyExtensionPoint } from '@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'

/** A policy of one's own around Stagedoor's: it refuses deletions, and leaves all else to the rules. */
export default createBackendModule({
  pluginId: 'permission',
  moduleId: 'wrapping-policy',
  register(registry) {
    registry.registerInit({
      deps: { stagedoor: stagedoorPolicyExtensionPoint },
      async init({ stagedoor }) {
        stagedoor.wrapPolicy((ours) => ({
          async handle(query, user) {
            if (query.permission.attributes.action === 'delete') return { result: AuthorizeResult.DENY }
            return ours.handle(query, user)
          },
        }))
      },
    })
  },
})
