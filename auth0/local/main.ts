import { parseArgs } from 'node:util'

import { startLocalAuth0 } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    issuer: { type: 'string' },
    'issuer-host': { type: 'string' },
    callback: { type: 'string', multiple: true },
    logout: { type: 'string', multiple: true },
    backchannel: { type: 'string', multiple: true },
    'synthetic-users': { type: 'string' },
  },
})

const { env } = process
const list = (given: string[] | undefined, variable: string) =>
  given ?? env[variable]?.split(',').map((url) => url.trim()) ?? []
const issuer = values.issuer ?? env.LOCAL_AUTH0_ISSUER
const issuerHost = values['issuer-host'] ?? env.LOCAL_AUTH0_ISSUER_HOST
const host = values.host ?? env.LOCAL_AUTH0_HOST

const auth0 = await startLocalAuth0({
  port: Number(values.port ?? env.LOCAL_AUTH0_PORT ?? 0),
  ...(host ? { host } : {}),
  ...(issuer ? { issuer } : {}),
  ...(issuerHost ? { issuerHost } : {}),
  syntheticUsers: Number(values['synthetic-users'] ?? env.LOCAL_AUTH0_SYNTHETIC_USERS ?? 0),
  callbacks: list(values.callback, 'LOCAL_AUTH0_CALLBACKS'),
  logoutUrls: list(values.logout, 'LOCAL_AUTH0_LOGOUT_URLS'),
})

const backchannelLogoutUrls = list(values.backchannel, 'LOCAL_AUTH0_BACKCHANNEL_URLS')
if (backchannelLogoutUrls.length > 0) {
  auth0.switches.setClient(auth0.clientId, { backchannelLogoutUrls, backchannelLogoutInitiators: 'all' })
  auth0.switches.setSettings({ advertiseBackchannelLogout: true })
}

const { clientId, clientSecret, machine, management, audience, users } = auth0
process.stdout.write(
  `${JSON.stringify({
    ready: true,
    issuer: auth0.issuer,
    clientId,
    clientSecret,
    machine,
    management,
    audience,
    users: users.slice(0, 8).map((user) => user.email),
  })}\n`,
)

const stop = () => void auth0.close().then(() => process.exit(0))
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
