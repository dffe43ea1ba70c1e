import type { Config } from '@backstage/config'
import { createFetchApi, FetchMiddlewares } from '@backstage/core-app-api'
import {
  configApiRef,
  createApiFactory,
  createApiRef,
  discoveryApiRef,
  fetchApiRef,
  identityApiRef,
  type AnyApiFactory,
} from '@backstage/frontend-plugin-api'
import { IdentityPermissionApi, permissionApiRef } from '@backstage/plugin-permission-react'

import { createBrowserGuard } from './browser.ts'
import { createFetchGuard } from './fetch-guard.ts'
import type { Gateway } from './login-url.ts'
import { guardAuthorize } from './permission-guard.ts'
import type { SessionGuard } from './session-guard.ts'

/** The Stagedoor session of this page. */
export const stagedoorSessionApiRef = createApiRef<SessionGuard>({ id: 'plugin.app.stagedoor-session' })

/** Keeps watch over the Stagedoor session; the other two need it. @public */
export const sessionApiFactory: AnyApiFactory = createApiFactory({
  api: stagedoorSessionApiRef,
  deps: { configApi: configApiRef },
  factory: ({ configApi }) => createBrowserGuard(gatewayOf(configApi)),
})

/**
 * Backstage's fetch API with the guard inside the `plugin://` resolution and around the token, which a retry asks anew.
 *
 * @public
 */
export const fetchApiFactory: AnyApiFactory = createApiFactory({
  api: fetchApiRef,
  deps: {
    configApi: configApiRef,
    identityApi: identityApiRef,
    discoveryApi: discoveryApiRef,
    guard: stagedoorSessionApiRef,
  },
  factory: ({ configApi, identityApi, discoveryApi, guard }) =>
    createFetchApi({
      middleware: [
        FetchMiddlewares.resolvePluginProtocol({ discoveryApi }),
        createFetchGuard(guard, isBehindGateway(configApi)),
        FetchMiddlewares.injectIdentityAuth({ identityApi, config: configApi }),
      ],
    }),
})

/** Backstage's permission API, which waits for the person while their session is over. @public */
export const permissionApiFactory: AnyApiFactory = createApiFactory({
  api: permissionApiRef,
  deps: { config: configApiRef, discovery: discoveryApiRef, identity: identityApiRef, guard: stagedoorSessionApiRef },
  factory({ guard, ...deps }) {
    const api = IdentityPermissionApi.create(deps)
    return { authorize: guardAuthorize(api.authorize.bind(api), guard) }
  },
})

function gatewayOf(config: Config): Gateway {
  return { origin: window.location.origin, prefix: config.getOptionalString('stagedoor.prefix') ?? '/.stagedoor' }
}

function isBehindGateway(config: Config): (url: string) => boolean {
  const origins = new Set([window.location.origin, new URL(config.getString('backend.baseUrl')).origin])
  return (url) => origins.has(new URL(url, window.location.href).origin)
}
