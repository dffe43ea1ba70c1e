import { coreServices, createBackendPlugin } from '@backstage/backend-plugin-api'
import { catalogServiceRef } from '@backstage/plugin-catalog-node'
import { auth0IdentityServiceRef } from '@stagedoor/backstage-plugin-stagedoor-node'

import { createDemoRouter } from './demo-router.ts'
import { createRoleRouter } from './role-router.ts'

/**
 * Routes under `/api/demo` that show what reaches Backstage through Stagedoor, for the demo and the tests. They ask for no
 * Backstage token, so that they also answer plain HTTP clients. No real installation wants them: `echo-headers` shows the
 * caller the assertion.
 */
export const demoPlugin = createBackendPlugin({
  pluginId: 'demo',
  register(env) {
    env.registerInit({
      deps: {
        httpRouter: coreServices.httpRouter,
        httpAuth: coreServices.httpAuth,
        auth: coreServices.auth,
        catalog: catalogServiceRef,
        identities: auth0IdentityServiceRef,
      },
      async init({ httpRouter, httpAuth, auth, catalog, identities }) {
        const countEntities = async (kind: string) => {
          const credentials = await auth.getOwnServiceCredentials()
          const { totalItems } = await catalog.queryEntities({ filter: { kind }, limit: 0 }, { credentials })
          return totalItems
        }
        httpRouter.use(createDemoRouter(countEntities))
        httpRouter.use(createRoleRouter(httpAuth, identities))
        for (const path of ['/ready', '/echo-headers', '/stream', '/upload', '/download']) {
          httpRouter.addAuthPolicy({ path, allow: 'unauthenticated' })
        }
      },
    })
  },
})
