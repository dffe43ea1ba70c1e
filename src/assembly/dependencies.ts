import type { CustomFetch } from 'openid-client'

import type { Output } from '../audit/sinks/stdout.ts'
import type { Origins } from '../config/effective.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AgentFor } from '../telemetry/otlp.ts'

/** Everything that comes from outside the process: clock, network, random numbers. Tests pass their own. */
export type Dependencies = {
  logger: Logger
  /** Standard output, for records of the audit trail. */
  output: Output
  /** Milliseconds since the epoch. */
  now: () => number
  fetch: CustomFetch
  /** How OTLP is sent; by default directly. */
  agentFor?: AgentFor
  randomBytes: RandomBytes
  /** Where the values of the configuration came from. */
  origins: Origins
}
