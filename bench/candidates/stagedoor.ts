/** The whole gateway with a cookie session: session, policy, assertion, audit. */
import { createSealer } from '../../src/seal/sealer.ts'
import { benchSession, sessionSecret } from '../gateway-config.ts'
import { announce } from './environment.ts'
import { startGateway } from './gateway.ts'

await startGateway({})
announce({ cookie: `stagedoor=${await createSealer([sessionSecret], 'session').seal(benchSession())}` })
