/** Servers seldom keep an idle connection for less than five seconds. */
const idleLimitMs = 4_000
const maxIdleLimitMs = 600_000
/** Kept for so much less than the upstream says, so that a request does not meet its end. */
const safetyMs = 2_000

/** Upstreams say the same with every answer, so that it is read once. */
export function createIdleLimit(): typeof idleLimitOf {
  let known: string | undefined
  let limitMs = idleLimitOf(undefined)
  return (keepAlive) => {
    if (keepAlive === known) return limitMs
    known = keepAlive
    return (limitMs = idleLimitOf(keepAlive))
  }
}

/**
 * How long an idle connection is kept, ms.
 * @param keepAlive the upstream's `Keep-Alive`, as in `timeout=5, max=100`
 */
export function idleLimitOf(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : /(?:^|[\s,;])timeout\s*=\s*"?(\d+)/i.exec(keepAlive)?.[1]
  return seconds === undefined ? idleLimitMs : Math.min(Number(seconds) * 1_000 - safetyMs, maxIdleLimitMs)
}
