import { coreServices, createBackendModule } from '@backstage/backend-plugin-api'
import type { PermissionPolicy } from '@backstage/plugin-permission-node'
import { policyExtensionPoint } from '@backstage/plugin-permission-node/alpha'

import { stagedoorPolicyExtensionPoint } from './extension-point.ts'
import { StagedoorPermissionPolicy } from './policy.ts'

/** Makes the rules of `permission.stagedoor` Backstage's permission policy. @public */
export const permissionModuleStagedoorPolicy = createBackendModule({
  pluginId: 'permission',
  moduleId: 'stagedoor-policy',
  register(registry) {
    let next: PermissionPolicy | undefined
    let wrap = (ours: PermissionPolicy): PermissionPolicy => ours

    registry.registerExtensionPoint(stagedoorPolicyExtensionPoint, {
      setNextPolicy(policy) {
        if (next !== undefined) throw new Error('setNextPolicy was called twice; Stagedoor asks one other policy only')
        next = policy
      },
      wrapPolicy(outer) {
        const inner = wrap
        wrap = (ours) => outer(inner(ours))
      },
    })
    registry.registerInit({
      deps: {
        policies: policyExtensionPoint,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
        userInfo: coreServices.userInfo,
      },
      async init({ policies, ...services }) {
        policies.setPolicy(wrap(new StagedoorPermissionPolicy({ ...services, ...(next && { next }) })))
      },
    })
  },
})
