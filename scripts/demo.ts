/** `npm run demo`: a login page, a real Backstage and the gateway on this machine, until Ctrl-C. */
import { randomBytes } from 'node:crypto'
import { createWriteStream, mkdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { startLocalAuth0 } from '../auth0/local/server.ts'
import { ensureBackstage } from './backstage-setup.ts'
import { startBackstage } from './backstage-start.ts'
import { type Program, startProgram, stopProgram, untilReady } from './demo/child.ts'
import { freePort } from './demo/ports.ts'
import { repositoryRoot } from './testing/command.ts'

const gatewayTimeoutMs = 20_000
const logFolder = join(repositoryRoot, '.cache', 'demo')
/** The environment of Stagedoor, for `npm run demo:doctor`; package.json names this path, too. */
const environmentFile = join(logFolder, 'stagedoor.env')

const log = (line: string): void => console.log(line)

/** Started programs, newest last; they are stopped in the reverse order. */
const running: { name: string; stop: () => Promise<void> }[] = []

const stopAll = async (): Promise<void> => {
  for (const { name, stop } of running.splice(0).toReversed()) {
    log(`Stopping ${name} …`)
    await stop()
  }
}

let interruptions = 0

const interrupted = (): void => {
  interruptions += 1
  if (interruptions > 1) process.exit(130)
  log('\nStopping (Ctrl-C again to leave at once) …')
  void stopAll().then(() => process.exit(0))
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted)

type Auth0 = Awaited<ReturnType<typeof startLocalAuth0>>

const startAuth0 = async (gatewayUrl: string): Promise<Auth0> => {
  const port = await freePort(4000, 'the login page', log)
  log('1/3 Login page (a stand-in for Auth0) …')
  const auth0 = await startLocalAuth0({
    port,
    issuerHost: 'localhost',
    callbacks: [`${gatewayUrl}/.stagedoor/callback`],
    logoutUrls: [`${gatewayUrl}/.stagedoor/signed-out`],
    // As auth0/tenant/ sets it; a new tenant has none.
    lifetimes: { rotationLeewaySeconds: 60 },
  })
  running.push({ name: 'the login page', stop: () => auth0.close() })
  return auth0
}

const startDemoBackstage = async (gatewayUrl: string, auth0: Auth0): Promise<string> => {
  const port = await freePort(7007, 'Backstage', log)
  log('2/3 Backstage (the first time it is downloaded and built: several minutes; later some seconds) …')
  await ensureBackstage({ log })
  const backstageLog = createWriteStream(join(logFolder, 'backstage.log'))
  const backstage = await startBackstage({
    port,
    gatewayBaseUrl: gatewayUrl,
    auth0,
    log: (line) => backstageLog.write(`${line}\n`),
  })
  running.push({ name: 'Backstage', stop: () => backstage.close() })
  return backstage.url
}

const startGateway = async (gatewayUrl: string, auth0: Auth0, backstageUrl: string): Promise<void> => {
  log('3/3 Stagedoor (a second) …')
  const configs = ['config/default.yaml', 'scripts/demo/gateway.yaml'].flatMap((file) => ['--config', file])
  const variables = {
    STAGEDOOR_BASE_URL: gatewayUrl,
    STAGEDOOR_PORT: new URL(gatewayUrl).port,
    STAGEDOOR_SESSION_SECRET: randomBytes(48).toString('base64'),
    AUTH0_ISSUER: auth0.issuer,
    AUTH0_CLIENT_ID: auth0.clientId,
    AUTH0_CLIENT_SECRET: auth0.clientSecret,
    BACKSTAGE_URL: backstageUrl,
  }
  const start = ['src/cli/main.ts', 'start', ...configs]
  const gateway = startProgram('Stagedoor', start, variables, join(logFolder, 'stagedoor.log'))
  running.push({ name: 'Stagedoor', stop: () => stopGateway(gateway) })
  await untilReady(gateway, `${gatewayUrl}/.stagedoor/health/live`, gatewayTimeoutMs)
  await writeEnvironment({ ...variables, STAGEDOOR_MANAGEMENT_TOKEN: await managementToken(auth0) })
}

const stopGateway = async (gateway: Program): Promise<void> => {
  await rm(environmentFile, { force: true })
  await stopProgram(gateway)
}

const writeEnvironment = async (variables: Record<string, string>): Promise<void> => {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(environmentFile, lines.join(''), { mode: 0o600 })
}

const managementToken = async ({ issuer, management: { clientId, clientSecret } }: Auth0): Promise<string> => {
  const grant = { grant_type: 'client_credentials', audience: `${issuer}api/v2/` }
  const body = new URLSearchParams({ ...grant, client_id: clientId, client_secret: clientSecret })
  const answer = await fetch(`${issuer}oauth/token`, { method: 'POST', body })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}

const startDemo = async (): Promise<void> => {
  mkdirSync(logFolder, { recursive: true })
  const port = await freePort(8080, 'Stagedoor', log)
  const gatewayUrl = `http://localhost:${port}`
  const auth0 = await startAuth0(gatewayUrl)
  await startGateway(gatewayUrl, auth0, await startDemoBackstage(gatewayUrl, auth0))
  announce(gatewayUrl, auth0)
}

const describe = ({ email, emailVerified, roles, blocked }: Auth0['users'][number]): string => {
  if (blocked) return `${email} (blocked)`
  if (!emailVerified) return `${email} (e-mail address not verified)`
  return `${email} (${roles.join(', ')})`
}

const announce = (gatewayUrl: string, auth0: Auth0): void => {
  log(`\nOpen ${gatewayUrl} and log in as one of (password: stagedoor):`)
  for (const user of auth0.users) log(`  ${describe(user)}`)
  log(`\nIs all well? In another terminal: npm run demo:doctor`)
  log(`Logs: ${logFolder}. Ctrl-C stops everything.`)
}

try {
  await startDemo()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await stopAll()
  process.exit(1)
}
