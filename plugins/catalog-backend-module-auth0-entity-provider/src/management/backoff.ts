/** What a failed request says about when to try again. `status` is missing where there was no answer. */
export type Failure = { status: number | undefined; headers: Headers }

/** After so many tries in a row a call has failed. */
export const maxAttempts = 8
const firstWaitMs = 1_000
const longestWaitMs = 30_000
/** Auth0's windows are a minute at most; a quota that asks for more is not waited for. */
const longestAskedWaitMs = 120_000

/** No answer, a timeout, too many requests or a fault of the server: the same call may succeed later. */
export function isTransient(status: number | undefined): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500
}

/**
 * How long to wait before the next try, in ms: what the answer asks for (`Retry-After` in seconds, else
 * `x-ratelimit-reset` in Unix seconds), else twice as long each time, up to 30 s. `random` is from 0 to 1.
 */
export function waitMsOf(failure: Failure, attempt: number, nowMs: number, random: number): number {
  const askedMs = failure.status === 429 ? askedWaitMs(failure.headers, nowMs) : undefined
  if (askedMs !== undefined) return Math.min(askedMs + random * firstWaitMs, longestAskedWaitMs)
  return Math.min(firstWaitMs * 2 ** attempt, longestWaitMs) * (0.5 + random / 2)
}

/** The moment until which no call is allowed, in ms since the epoch; 0 unless the answer says that none is left. */
export function pauseUntilMsOf(headers: Headers, nowMs: number): number {
  if (headers.get('x-ratelimit-remaining') !== '0') return 0
  // Our clock may be behind Auth0's.
  return Math.min((numberIn(headers, 'x-ratelimit-reset') ?? 0) * 1000, nowMs + longestAskedWaitMs)
}

function askedWaitMs(headers: Headers, nowMs: number): number | undefined {
  const afterSeconds = numberIn(headers, 'retry-after')
  if (afterSeconds !== undefined) return afterSeconds * 1000
  const resetSeconds = numberIn(headers, 'x-ratelimit-reset')
  return resetSeconds === undefined ? undefined : Math.max(resetSeconds * 1000 - nowMs, 0)
}

function numberIn(headers: Headers, name: string): number | undefined {
  const text = headers.get(name)
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined
}
