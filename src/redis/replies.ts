/** Redis was not reachable, did not answer in time or refused. The state of the data is unknown: do not assume that a key is missing. */
export class RedisUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisUnavailable'
  }
}

/** Why a server that still answers reads refuses writes, by the first word of its error reply. */
const writeRefusals = new Map([
  ['READONLY', 'the server is a replica'],
  ['NOREPLICAS', 'fewer replicas than min-replicas-to-write are connected'],
  ['OOM', 'maxmemory is reached'],
  ['MISCONF', 'the server cannot save to its disk'],
])

/** Why a write was refused, if the server or another one may accept it later; undefined for other errors. */
export function writeRefusalIn(error: unknown): string | undefined {
  const code = codeOf(error)
  const meaning = writeRefusals.get(code)
  return meaning && `${code}: ${meaning}`
}

const transient = new Set(['LOADING', 'MOVED', 'ASK', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN', 'BUSY'])

/** Whether an error reply means "not now" or "not here" rather than a wrong command. */
export function isTransientReply(error: unknown): boolean {
  return transient.has(codeOf(error)) || writeRefusals.has(codeOf(error))
}

const misplaced = new Set(['MOVED', 'READONLY', 'UNBLOCKED'])

/** Whether the command may belong to another server, which is now the primary or holds our slot. */
export function isMisplaced(error: unknown): boolean {
  return misplaced.has(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error ? (/^-?([A-Z]+)\b/.exec(error.message)?.[1] ?? '') : ''
}
