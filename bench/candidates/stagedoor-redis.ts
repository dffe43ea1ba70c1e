/** The whole gateway with a session in Redis, which the benchmark has started. */
import { benchSession, sessionSecret } from '../gateway-config.ts'
import { announce, redisUrl } from './environment.ts'
import { startGateway } from './gateway.ts'

const { session } = await startGateway({
  session: { store: 'redis', secrets: [sessionSecret], redis: { url: redisUrl } },
})
announce({ cookie: `stagedoor=${await session.store.save(benchSession())}` })
