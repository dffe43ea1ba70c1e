import type { OverloadCase } from '../cases.ts'
import { type Contestant, cores, type Origins, peersOf } from '../contestants.ts'
import { type GatewayProcess, startGatewayProcess } from '../gateway-process.ts'
import { runOpenLoop } from '../load/open-loop.ts'
import { watchProbes } from '../load/probes.ts'
import { type Capacity, findCapacity } from '../load/sustainable.ts'
import type { OpenLoopResult } from '../load/tally.ts'
import { runWrk } from '../load/wrk.ts'
import type { Options } from '../options.ts'
import { type CaseResult, type Figures, type Row } from '../report.ts'
import { attempt } from '../rounds.ts'

/** Whoever is asked, and where its probes are. */
type Asked = Pick<Contestant, 'url' | 'headers'> & { probeUrls: readonly string[] }

/** A maximum of code that V8 has not optimized yet would be easy to reach while overloaded. */
const warmUpSeconds = 10
const searchSeconds = 3
const overloadSeconds = 10
const livePath = '/.stagedoor/health/live'

/** The gateway as it is started, with its limits by default, and peers: what it does at twice the rate that it can carry. */
export async function measureOverload({ name, title }: OverloadCase, options: Options, origins: Origins) {
  const rows: Row[] = []
  if (options.candidates === undefined || options.candidates.includes('stagedoor')) {
    const row: Row = { name: 'stagedoor', runs: [] }
    rows.push(row)
    await attempt(row, async () => {
      const gateway = await startGatewayProcess({ originUrl: origins.static, workers: 1, core: cores.candidate })
      try {
        row.runs.push(await overload(ownProbes(gateway), origins))
      } finally {
        await gateway.stop()
      }
    })
  }
  for (const peer of peersOf(options)) {
    const row: Row = { name: peer.name, runs: [] }
    rows.push(row)
    await attempt(row, async () => row.runs.push(await overload({ ...peer, probeUrls: [] }, origins)))
  }
  const notes = [
    'Load is offered at a constant rate whether or not it is answered, from up to 4,000 connections, each request waiting ' +
      'at most 10 s; latency counts from the moment at which a request was due, or where it says so from when a connection was ' +
      'free for it. `sustained/s` is the highest rate tried at ' +
      'which all were answered, 99 % within 200 ms; `max/s` the most successes per second of any run before, that of wrk included.',
  ]
  return { name, title, rows, notes, isTall: true } satisfies CaseResult
}

const ownProbes = ({ url, adminUrl, headers }: GatewayProcess): Asked => ({
  url,
  headers,
  probeUrls: [url + livePath, adminUrl + livePath],
})

async function overload({ url, headers, probeUrls }: Asked, origins: Origins): Promise<Figures> {
  const target = `${url}/1k.json`
  const load = { url: target, headers, connections: 64 }
  await runWrk({ ...load, seconds: warmUpSeconds }, origins.folder, cores.rest)
  const closed = await runWrk({ ...load, seconds: searchSeconds }, origins.folder, cores.rest)
  const offer = (ratePerSecond: number, seconds: number): Promise<OpenLoopResult> => {
    const task = { ratePerSecond, seconds, connections: 64, maxConnections: 4_000, timeoutMs: 10_000, isExact: false }
    return runOpenLoop({ ...task, url: target, headers }, cores.rest)
  }
  const capacity = await findCapacity(closed.requestsPerSecond, (rate) => offer(rate, searchSeconds))
  const probes = watchProbes(probeUrls)
  try {
    const result = await offer(2 * capacity.sustainedPerSecond, overloadSeconds)
    return { ...figuresOf(result, capacity), ...(await probes.figures()) }
  } finally {
    probes.stop()
  }
}

function figuresOf(result: OpenLoopResult, { sustainedPerSecond, maxPerSecond, wasSustained }: Capacity): Figures {
  return {
    ...(wasSustained ? {} : { 'sustained/s is a guess': 1 }),
    'sustained/s': sustainedPerSecond,
    'max/s': maxPerSecond,
    'offered/s': result.offeredPerSecond,
    'goodput/s': result.goodputPerSecond,
    // Far more than before is no merit, but a maximum that was measured while the machine did something else.
    'goodput / max': isDisturbed(result, maxPerSecond) ? Number.NaN : result.goodputPerSecond / maxPerSecond,
    'served p50 ms': result.p50Ms,
    'served p99 ms': result.p99Ms,
    'served p99 ms since sent': result.sinceSentP99Ms,
    'p99 late / early': result.lateP99Ms / result.earlyP99Ms,
    rejected: result.rejected,
    'without Retry-After': result.rejectedWithoutRetryAfter,
    'rejected p99 ms': result.rejectedP99Ms,
    'broken, timed out, unsent': result.broken + result.timedOut + result.unsent,
    'other answers': result.otherAnswers,
    'generator late p99 ms': result.generatorLateP99Ms,
  }
}

const isDisturbed = ({ goodputPerSecond }: OpenLoopResult, maxPerSecond: number): boolean =>
  goodputPerSecond > 1.1 * maxPerSecond
