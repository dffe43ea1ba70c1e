import { coreServices, createBackendModule } from '@backstage/backend-plugin-api'
import { policyExtensionPoint } from '@backstage/plugin-permission-node/alpha'

import { createStagedoorPolicy } from './policy.ts'
import { readPolicy } from './rules.ts'

/** Makes the rules of `permission.stagedoor` Backstage's permission policy. */
export const permissionModuleStagedoorPolicy = createBackendModule({
  pluginId: 'permission',
  moduleId: 'stagedoor-policy',
  register(registry) {
    registry.registerInit({
      deps: {
        policies: policyExtensionPoint,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
        userInfo: coreServices.userInfo,
      },
      async init({ policies, config, logger, userInfo }) {
        const policy = readPolicy(config)
        if (policy.dryRun) logger.warn('permission.stagedoor.dryRun is on: every permission is granted')
        policies.setPolicy(createStagedoorPolicy(policy, userInfo, logger))
      },
    })
  },
})
