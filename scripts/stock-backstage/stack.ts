import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { startProgram, stopProgram, untilReady } from '../demo/child.ts'

const startTimeoutMs = 180_000

export type StackOptions = {
  /** The folder of the stock app. */
  app: string
  gatewayUrl: string
  backstagePort: number
}

/** Starts the local Auth0, the app's backend and the gateway. @returns a function that stops them */
export async function startStack({ app, gatewayUrl, backstagePort }: StackOptions): Promise<() => Promise<void>> {
  const auth0 = await startLocalAuth0({
    issuerHost: 'localhost',
    callbacks: [`${gatewayUrl}/.stagedoor/callback`],
    logoutUrls: [`${gatewayUrl}/.stagedoor/signed-out`],
  })
  const backstage = startProgram(
    'Backstage',
    backendParameters(app),
    { NODE_ENV: 'production' },
    join(app, 'backstage.log'),
    join(app, 'packages/backend'),
  )
  const gateway = startProgram(
    'Stagedoor',
    ['src/cli/main.ts', 'start', '--config', 'config/default.yaml', '--config', 'scripts/stock-backstage/gateway.yaml'],
    {
      STAGEDOOR_BASE_URL: gatewayUrl,
      STAGEDOOR_PORT: new URL(gatewayUrl).port,
      STAGEDOOR_SESSION_SECRET: randomBytes(48).toString('base64'),
      AUTH0_ISSUER: auth0.issuer,
      AUTH0_CLIENT_ID: auth0.clientId,
      AUTH0_CLIENT_SECRET: auth0.clientSecret,
      BACKSTAGE_URL: `http://127.0.0.1:${backstagePort}`,
    },
    join(app, 'stagedoor.log'),
  )
  const stop = async () => {
    await stopProgram(gateway)
    await stopProgram(backstage)
    await auth0.close()
  }
  try {
    const readiness = `http://127.0.0.1:${backstagePort}/.backstage/health/v1/readiness`
    await untilReady(backstage, readiness, startTimeoutMs)
    await untilReady(gateway, `${gatewayUrl}/.stagedoor/health/live`, startTimeoutMs)
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}

function backendParameters(app: string): string[] {
  const configs = [
    'app-config.yaml',
    'app-config.stagedoor.yaml',
    'app-config.permission.yaml',
    'app-config.machine.yaml',
  ]
  return ['src/index.ts', ...configs.flatMap((file) => ['--config', join(app, file)])]
}
