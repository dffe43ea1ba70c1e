import type { AuditEvent } from './event.ts'
import { outcomeOf } from './record.ts'

/** The counts of one minute. `p95Ms` is an estimate: 95 of 100 requests were answered within this time. */
export type Minute = { requests: number; refusals: number; logins: number; p95Ms: number }

type Counts = { requests: number; refusals: number; logins: number; latencies: number[] }

/** Counts events by minute. A busy process can then show the last half hour without keeping all records of that time. */
export function createMinutes(size: number) {
  const kept = new Map<number, Counts>()

  function countsAt(number: number): Counts {
    const known = kept.get(number)
    if (known !== undefined) return known
    const fresh = { requests: 0, refusals: 0, logins: 0, latencies: [] }
    kept.set(number, fresh)
    for (const old of kept.keys()) if (old <= number - size) kept.delete(old)
    return fresh
  }

  return {
    /** @param at milliseconds since the epoch */
    count: (event: AuditEvent, at: number): void => {
      if (event.event === 'login') countsAt(Math.floor(at / 60_000)).logins += 1
      if (!('durationMs' in event)) return
      const counts = countsAt(Math.floor(at / 60_000))
      counts.requests += 1
      if (outcomeOf(event) === 'deny') counts.refusals += 1
      const bucket = bucketOf(event.durationMs)
      counts.latencies[bucket] = (counts.latencies[bucket] ?? 0) + 1
    },
    /** The last minutes; the current one comes last. @param now milliseconds since the epoch */
    list: (now: number): Minute[] =>
      Array.from({ length: size }, (_, i) => {
        const {
          requests = 0,
          refusals = 0,
          logins = 0,
          latencies = [],
        } = kept.get(Math.floor(now / 60_000) - size + 1 + i) ?? {}
        return { requests, refusals, logins, p95Ms: percentile(latencies, requests * 0.95) }
      }),
  }
}

/** Each doubling of the time has four buckets; the last bucket is for an hour and more. */
function bucketOf(ms: number): number {
  return Math.min(88, Math.ceil(Math.max(0, Math.log2(ms) * 4)))
}

/** The upper bound of the bucket that contains the request of this rank. */
function percentile(latencies: readonly number[], rank: number): number {
  let seen = 0
  for (const [bucket, count = 0] of latencies.entries()) {
    seen += count
    if (seen >= rank) return Math.round(2 ** (bucket / 4))
  }
  return 0
}
