/** The whole gateway with sessions in the store named by STORE; answers `/.stagedoor/me` without an upstream. */
import { announce, redisUrl } from '../candidates/environment.ts'
import { startGateway } from '../candidates/gateway.ts'
import { sessionSecret } from '../gateway-config.ts'
import { benchSession } from './session.ts'

const { session } = await startGateway({
  session: { store: process.env['STORE'], secrets: [sessionSecret], redis: { url: redisUrl } },
})
announce({ cookie: `stagedoor=${await session.store.save(benchSession(0))}` })
