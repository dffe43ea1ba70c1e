/** The whole gateway where it only decides: asked by a proxy about the request of a logged-in person, nothing is forwarded. */
import { createSealer } from '../../src/seal/sealer.ts'
import { benchConfig, benchSession, sessionSecret } from '../gateway-config.ts'
import { announce, originUrl, port } from './environment.ts'
import { startGateway } from './gateway.ts'

const { server } = benchConfig({ port, originUrl })
await startGateway({ server: { ...server, trustedProxies: ['127.0.0.0/8'] } })
announce({
  cookie: `stagedoor=${await createSealer([sessionSecret], 'session').seal(benchSession())}`,
  path: '/.stagedoor/auth',
  headers: ['X-Forwarded-Method: GET', 'X-Forwarded-Uri: /1k.json', `X-Forwarded-Host: localhost:${port}`],
})
