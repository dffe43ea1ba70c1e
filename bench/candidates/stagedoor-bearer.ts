/** The whole gateway for a machine: verified token, policy, our token to the upstream, audit. The issuer is a few lines here. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pino from 'pino'

import { provision } from '../../src/app-parts.ts'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createRandomPool } from '../../src/seal/random.ts'
import { createIssuer } from '../bearer/issuer.ts'
import { announce, originUrl, port } from './environment.ts'

const issuer = await createIssuer()
const options = `
server: { baseUrl: 'http://localhost:${port}', listen: { host: 127.0.0.1, port: ${port} }, maxHeaderBytes: 64KiB }
auth0: { issuer: '${issuer.url}', clientId: bench, clientSecrets: [bench] }
session: { secrets: ['a secret that only this benchmark has, of 32 bytes or more'] }
upstreams: { backstage: { url: '${originUrl}', maxConnections: 4096 } }
machines: { audiences: ['${issuer.audience}'] }
routes:
  - { name: admin, path: /api/admin/**, allow: { roles: [platform-admin] } }
  - { name: everything, path: /**, allow: authenticated, upstream: backstage }
`

const folder = await mkdtemp(join(tmpdir(), 'stagedoor-bench-'))
const file = join(folder, 'bench.yaml')
await writeFile(file, options)
const { config } = await loadConfig({ files: [file], env: process.env })
await rm(folder, { recursive: true })

// Lines are formatted and written like in production, only to nowhere, so that the terminal is not what is measured.
const logger = pino({ level: 'info' }, pino.destination('/dev/null'))
const dependencies = { logger, now: Date.now, fetch: issuer.fetch as never, randomBytes: createRandomPool() }
const app = await buildApp(config, dependencies, await provision(config, dependencies))
await app.listen({ port, host: '127.0.0.1' })
announce({ token: await issuer.token('bench') })
