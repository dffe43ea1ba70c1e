/** The whole gateway for a machine: verified token, policy, our token to the upstream, audit. The issuer is a few lines here. */
import { createIssuer } from '../bearer/issuer.ts'
import { announce } from './environment.ts'
import { startGateway } from './gateway.ts'

const issuer = await createIssuer()
const auth0 = { issuer: issuer.url, clientId: 'bench', clientSecrets: ['bench'] }
await startGateway({ auth0, machines: { audiences: [issuer.audience] } }, issuer.fetch)
announce({ token: await issuer.token('bench') })
