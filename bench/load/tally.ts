import { quantile } from '../statistics.ts'

export type Outcome =
  | {
      kind: 'answered'
      status: number
      hasRetryAfter: boolean
      latencyMs: number
      sinceSentMs: number
      answeredAtMs: number
    }
  /** The connection broke; or no answer in time; or there were no connections left to ask on. */
  | { kind: 'broken' | 'timed-out' | 'unsent' }

/** The outcome of requests at a constant rate. Latency counts from the due time of each. */
export type OpenLoopResult = {
  /** Requests that were due, per second. */
  offeredPerSecond: number
  /** Successes that arrived while requests were offered, per second. */
  goodputPerSecond: number
  /** Successes per second in the second half. */
  lateGoodputPerSecond: number
  served: number
  /** Answers 503 and 429, and those of them without Retry-After. */
  rejected: number
  rejectedWithoutRetryAfter: number
  otherAnswers: number
  broken: number
  timedOut: number
  unsent: number
  p50Ms: number
  p99Ms: number
  p999Ms: number
  /** 99th percentile from when each was sent: without what clients waited for a connection of theirs. */
  sinceSentP99Ms: number
  /** 99th percentile of what was answered in the first and in the second half. */
  earlyP99Ms: number
  lateP99Ms: number
  sinceSentEarlyP99Ms: number
  sinceSentLateP99Ms: number
  rejectedP99Ms: number
  /** How late the load generator itself was, 99th percentile. */
  generatorLateP99Ms: number
}

type Offer = {
  count: number
  durationMs: number
  /** How late the load generator was with each request. */
  lateMs: readonly number[]
}

/** @param outcomes times count from the beginning of the load */
export function tally(outcomes: readonly Outcome[], { count, durationMs, lateMs }: Offer): OpenLoopResult {
  const answered = outcomes.filter((outcome) => outcome.kind === 'answered')
  const served = answered.filter(({ status }) => status >= 200 && status < 300)
  const rejected = answered.filter(({ status }) => status === 503 || status === 429)
  const numberOf = (kind: Outcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length
  const latencies = ascending(served)
  const inTime = served.filter(({ answeredAtMs }) => answeredAtMs <= durationMs)
  const early = served.filter(({ answeredAtMs }) => answeredAtMs <= durationMs / 2)
  const late = served.filter(({ answeredAtMs }) => answeredAtMs > durationMs / 2)
  return {
    offeredPerSecond: (count / durationMs) * 1_000,
    goodputPerSecond: (inTime.length / durationMs) * 1_000,
    lateGoodputPerSecond: (late.filter(({ answeredAtMs }) => answeredAtMs <= durationMs).length / durationMs) * 2_000,
    served: served.length,
    rejected: rejected.length,
    rejectedWithoutRetryAfter: rejected.filter(({ hasRetryAfter }) => !hasRetryAfter).length,
    otherAnswers: answered.length - served.length - rejected.length,
    broken: numberOf('broken'),
    timedOut: numberOf('timed-out'),
    unsent: numberOf('unsent'),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    p999Ms: quantile(latencies, 0.999),
    sinceSentP99Ms: sinceSentP99(served),
    earlyP99Ms: quantile(ascending(early), 0.99),
    lateP99Ms: quantile(ascending(late), 0.99),
    sinceSentEarlyP99Ms: sinceSentP99(early),
    sinceSentLateP99Ms: sinceSentP99(late),
    rejectedP99Ms: quantile(ascending(rejected), 0.99),
    generatorLateP99Ms: quantile(Float64Array.from(lateMs).toSorted(), 0.99),
  }
}

const ascending = (answers: readonly { latencyMs: number }[]): Float64Array =>
  Float64Array.from(answers, ({ latencyMs }) => latencyMs).toSorted()

const sinceSentP99 = (answers: readonly { sinceSentMs: number }[]): number =>
  quantile(Float64Array.from(answers, ({ sinceSentMs }) => sinceSentMs).toSorted(), 0.99)
