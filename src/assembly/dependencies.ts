import type { CustomFetch } from 'openid-client'

import type { WriteRecord } from '../audit/trail.ts'
import type { Peers } from '../process/workers/peers.ts'
import type { RandomBytes } from '../seal/random.ts'
import type { Logger } from '../telemetry/logger.ts'

/** What comes from outside the process; tests hand in their own. */
export type Dependencies = {
  logger: Logger
  /** The audit trail. */
  trail: WriteRecord
  /** Milliseconds since the epoch. */
  now: () => number
  fetch: CustomFetch
  randomBytes: RandomBytes
  /** The other workers; none where this process serves alone. */
  peers?: Peers | undefined
}
