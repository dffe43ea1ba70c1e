import { createBackendModule } from '@backstage/backend-plugin-api'
import { AuthorizeResult } from '@backstage/plugin-permission-common'
import { stagedoorPolicyExtensionPoint } from '@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'

/** A policy of one's own behind Stagedoor's: where no rule matches, people may read. */
export default createBackendModule({
  pluginId: 'permission',
  moduleId: 'next-policy',
  register(registry) {
    registry.registerInit({
      deps: { stagedoor: stagedoorPolicyExtensionPoint },
      async init({ stagedoor }) {
        stagedoor.setNextPolicy({
          async handle({ permission }) {
            const isRead = permission.attributes.action === 'read'
            return { result: isRead ? AuthorizeResult.ALLOW : AuthorizeResult.DENY }
          },
        })
      },
    })
  },
})
