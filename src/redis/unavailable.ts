/** Redis could not be asked, or did not answer in time: nothing is known, and nothing may be concluded. */
export class RedisUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisUnavailable'
  }
}

const transientReply = /^(?:LOADING|MOVED|ASK|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM|BUSY)\b/
const misplacedReply = /^(?:MOVED|READONLY|UNBLOCKED)\b/

/** Whether an error reply means "not now" or "not here", and not that the command is wrong. */
export function isTransientReply(error: unknown): boolean {
  return error instanceof Error && transientReply.test(error.message)
}

/** Whether the server is no longer the one to ask: another is the primary, or holds our slot. */
export function isMisplaced(error: unknown): boolean {
  return error instanceof Error && misplacedReply.test(error.message)
}
