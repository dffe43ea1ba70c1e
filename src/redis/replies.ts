/** Redis could not be asked, did not answer in time, or refuses: nothing is known, and nothing may be concluded. */
export class RedisUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisUnavailable'
  }
}

/** Why a server that answers reads refuses writes, by the first word of its error reply. */
const writeRefusals = new Map([
  ['READONLY', 'the server is a replica'],
  ['NOREPLICAS', 'fewer replicas than min-replicas-to-write are connected'],
  ['OOM', 'maxmemory is reached'],
  ['MISCONF', 'the server cannot save to its disk'],
])

/** The reason for refusing a write that the server, or another one, may accept later; undefined for other errors. */
export function writeRefusalIn(error: unknown): string | undefined {
  const code = codeOf(error)
  const meaning = writeRefusals.get(code)
  return meaning && `${code}: ${meaning}`
}

const transient = new Set(['LOADING', 'MOVED', 'ASK', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN', 'BUSY'])

/** Whether an error reply means "not now" or "not here", and not that the command is wrong. */
export function isTransientReply(error: unknown): boolean {
  return transient.has(codeOf(error)) || writeRefusals.has(codeOf(error))
}

const misplaced = new Set(['MOVED', 'READONLY', 'UNBLOCKED'])

/** Whether the server may no longer be the one to ask: another is the primary, or holds our slot. */
export function isMisplaced(error: unknown): boolean {
  return misplaced.has(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error ? (/^-?([A-Z]+)\b/.exec(error.message)?.[1] ?? '') : ''
}
