/** The whole gateway with sessions in the store named by STORE; answers `/.stagedoor/me` without an upstream. */
import pino from 'pino'

import { buildApp } from '../../src/app.ts'
import { createLasting } from '../../src/assembly/kept-across-reloads.ts'
import { prepareParts } from '../../src/assembly/provision.ts'
import { configSchema } from '../../src/config/schema.ts'
import { createRandomPool } from '../../src/seal/random.ts'
import { announce, port } from '../candidates/environment.ts'
import { benchSession, secret } from './session.ts'

const config = configSchema.parse({
  server: { baseUrl: `http://localhost:${port}` },
  auth0: { issuer: 'http://127.0.0.1:1/', clientId: 'bench', clientSecrets: ['bench'] },
  session: { store: process.env['STORE'], redis: { url: process.env['REDIS_URL'] }, secrets: [secret] },
  upstreams: { backstage: { url: 'http://127.0.0.1:1' } },
  routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
})
const output = pino.destination('/dev/null')
const logger = pino({ level: 'info' }, output)
const fetchNothing = async (): Promise<never> => {
  throw new Error('there is no Auth0 here')
}
const dependencies = {
  logger,
  output,
  now: Date.now,
  fetch: fetchNothing,
  randomBytes: createRandomPool(),
  origins: new Map(),
}
const parts = await prepareParts(config, dependencies, createLasting().hold())
await parts.holding.putInForce()
const app = await buildApp(config, dependencies, parts)
await app.listen({ port, host: '127.0.0.1' })
announce({ cookie: `stagedoor=${await parts.session.store.save(benchSession(0))}` })
