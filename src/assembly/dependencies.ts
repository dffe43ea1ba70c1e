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
  /** The HTTP agent for OTLP, such as one that uses a proxy; connects directly by default. */
  agentFor?: AgentFor
  randomBytes: RandomBytes
  /** The file or variable that each configuration value came from. */
  origins: Origins
}
