import type { Config } from '../../config/schema.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { backstageSelfTest } from './backstage-checks.ts'
import { createCheckContext } from './check-context.ts'
import { runChecks } from './check.ts'

type Surroundings = { logger: Logger; fetch: typeof fetch; now: () => number }

/**
 * Sends forged identities to Backstage before the gateway listens (`server.selfTest`).
 * @throws Error when Backstage accepts one and the option is `refuse`
 */
export async function runSelfTest(config: Config, { logger, fetch, now }: Surroundings): Promise<void> {
  const context = createCheckContext({ config, env: {}, now, fetch })
  const findings = (await runChecks(backstageSelfTest, context)).flatMap((result) => result.findings)
  for (const { id, severity, found, meaning, fix } of findings) {
    logger[severity === 'error' ? 'error' : 'warn']({ check: id, meaning, fix }, found)
  }
  const accepted = findings.filter(({ severity, id }) => severity === 'error' && id !== 'backstage-reachable')
  if (accepted.length === 0 || config.server.selfTest !== 'refuse') return
  throw new Error(`server.selfTest: ${accepted.map(({ found }) => found).join('; ')}`)
}
