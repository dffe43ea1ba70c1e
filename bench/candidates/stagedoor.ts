/** The whole gateway with a cookie session: session, policy, assertion, audit. Auth0 is not needed and not there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { provision } from '../../src/app-parts.ts'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createRandomPool } from '../../src/seal/random.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import type { Session } from '../../src/session/session.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createTurnDestination } from '../../src/telemetry/turn-destination.ts'
import { announce, originUrl, port } from './environment.ts'

const secret = 'a secret that only this benchmark has, of 32 bytes or more'
const options = `
server: { baseUrl: 'http://localhost:${port}', listen: { host: 127.0.0.1, port: ${port} }, maxHeaderBytes: 64KiB }
auth0: { issuer: 'http://127.0.0.1:1/', clientId: bench, clientSecrets: [bench] }
session: { secrets: ['${secret}'] }
upstreams: { backstage: { url: '${originUrl}', maxConnections: 4096 } }
routes:
  - { name: admin, path: /api/admin/**, allow: { roles: [platform-admin] } }
  - { name: everything, path: /**, allow: authenticated, upstream: backstage }
`
const now = Date.now()
const session: Session = {
  id: 'bench-session',
  issuer: 'http://127.0.0.1:1/',
  subject: 'auth0|bench',
  claims: { email: 'bench@example.com', roles: ['developer'], groups: ['web', 'platform'], permissions: [] },
  amr: ['pwd'],
  createdAt: now,
  refreshedAt: now,
  usedAt: now,
}

const folder = await mkdtemp(join(tmpdir(), 'stagedoor-bench-'))
const file = join(folder, 'bench.yaml')
await writeFile(file, options)
const { config } = await loadConfig({ files: [file], env: process.env })
await rm(folder, { recursive: true })

// Lines are formatted and written like in production, only to nowhere, so that the terminal is not what is measured.
const logger = createLogger('info', createTurnDestination('/dev/null'))
const fetchNothing = async (): Promise<never> => {
  throw new Error('there is no Auth0 here')
}
const dependencies = { logger, now: Date.now, fetch: fetchNothing, randomBytes: createRandomPool() }
const app = await buildApp(config, dependencies, await provision(config, dependencies))
await app.listen({ port, host: '127.0.0.1' })
announce({ cookie: `stagedoor=${await createSealer([secret], 'session').seal(session)}` })
