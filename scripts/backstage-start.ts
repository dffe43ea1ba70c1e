import { startBackend, type RunningBackstage } from './backstage-backend.ts'
import type { ProgressLog } from './backstage-setup.ts'
import { freePort } from './testing/ports.ts'

export type BackstageOptions = {
  /** Port on 127.0.0.1; default: a free one. */
  port?: number
  /** Stagedoor's public address: Backstage's own base URL, and the issuer of assertions. */
  gatewayBaseUrl: string
  /** Where Stagedoor's keys are read; default: under `gatewayBaseUrl`. */
  jwksUri?: string
  /** An Auth0 tenant to take people and groups from; default: those of `catalog/organization.yaml`. */
  auth0?: { issuer: string; management: { clientId: string; clientSecret: string } }
  /** Configuration files after `app-config.yaml`, later ones win. */
  configFiles?: readonly string[]
  /** `NODE_ENV` of Backstage; only in `development` it takes OAuth clients by a plain http address. */
  mode?: 'production' | 'development'
  /** A module that Node loads first. */
  preload?: string | undefined
  /** Gets every line that Backstage logs. */
  log?: ProgressLog
}

/**
 * Starts the example Backstage and waits until it is ready and its catalog has users. Call `ensureBackstage` before.
 *
 * @throws Error with Backstage's last log lines, where it ends or is not ready in five minutes
 */
export async function startBackstage(options: BackstageOptions): Promise<RunningBackstage> {
  const port = options.port ?? (await freePort())
  return startBackend({
    entry: 'backend/index.ts',
    port,
    configFiles: [
      'app-config.yaml',
      ...(options.auth0 ? ['app-config.auth0.yaml'] : []),
      ...(options.configFiles ?? []),
    ],
    environment: backendEnvironment(options, port),
    preload: options.preload,
    readyPaths: ['/api/demo/ready'],
    ...(options.log && { log: options.log }),
  })
}

function backendEnvironment(options: BackstageOptions, port: number): NodeJS.ProcessEnv {
  const {
    auth0,
    gatewayBaseUrl,
    mode = 'production',
    jwksUri = new URL('/.stagedoor/jwks.json', gatewayBaseUrl).href,
  } = options
  return {
    NODE_ENV: mode,
    BACKSTAGE_HOST: '127.0.0.1',
    BACKSTAGE_PORT: String(port),
    STAGEDOOR_BASE_URL: gatewayBaseUrl,
    STAGEDOOR_JWKS_URI: jwksUri,
    ...(auth0 && {
      AUTH0_MANAGEMENT_ISSUER: auth0.issuer,
      AUTH0_MANAGEMENT_CLIENT_ID: auth0.management.clientId,
      AUTH0_MANAGEMENT_CLIENT_SECRET: auth0.management.clientSecret,
    }),
  }
}
