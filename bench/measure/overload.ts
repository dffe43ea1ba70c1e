import { setTimeout as delay } from 'node:timers/promises'

import type { OverloadCase } from '../cases.ts'
import { type Contestant, cores, type Origins, peersOf } from '../contestants.ts'
import { type GatewayProcess, startGatewayProcess } from '../gateway-process.ts'
import { runOpenLoop } from '../load/open-loop.ts'
import { watchProbes } from '../load/probes.ts'
import { type Capacity, findCapacity } from '../load/sustainable.ts'
import type { OpenLoopResult } from '../load/tally.ts'
import { runWrk } from '../load/wrk.ts'
import type { Options } from '../options.ts'
import { familyCpuMicroseconds } from '../proc.ts'
import { startOn } from '../process.ts'
import { type CaseResult, type Figures, type Row } from '../report.ts'
import { attempt } from '../rounds.ts'

/** The server under load, the URLs of its probes, and its process where that is known. */
type Asked = Pick<Contestant, 'url' | 'headers'> & { probeUrls: readonly string[]; pid: number | undefined }

/** A maximum of code that V8 has not optimized yet would be easy to reach while overloaded. */
const warmUpSeconds = 10
const searchSeconds = 3
const overloadSeconds = 10
/** Each between two looks at the maximum, which changes with the machine from one half minute to the next. */
const overloads = 5
/** Long enough for refused clients to come back, and for waiting ones to give up. */
const recoverySeconds = 2
/**
 * An endless loop beside the gateway, so that it has half of its core, as in a container with a CPU limit. Offering twice what a whole core
 * serves takes more than the other core, which also has the origin: the generator would be the limit.
 */
const endlessLoop = [process.execPath, '--eval', 'for (;;);']
const livePath = '/.stagedoor/health/live'

/** The gateway as it is started, with its limits by default, and peers: what it does at twice the rate that it can carry. */
export async function measureOverload({ name, title }: OverloadCase, options: Options, origins: Origins) {
  const rows: Row[] = []
  const loop = await startOn(endlessLoop, { core: cores.candidate, announces: false })
  if (options.candidates === undefined || options.candidates.includes('stagedoor')) {
    const row: Row = { name: 'stagedoor', runs: [] }
    rows.push(row)
    await attempt(row, async () => {
      const gateway = await startGatewayProcess({ originUrl: origins.static, workers: 1, core: cores.candidate })
      try {
        await overload(ownProbes(gateway), origins, row)
      } finally {
        await gateway.stop()
      }
    })
  }
  for (const peer of peersOf(options)) {
    const row: Row = { name: peer.name, runs: [] }
    rows.push(row)
    await attempt(row, () => overload({ ...peer, probeUrls: [], pid: undefined }, origins, row))
  }
  await loop.stop()
  const notes = [
    `${overloads} times, medians. Load is offered at a constant rate whether or not it is answered, from up to 4,000 ` +
      'connections, each request waiting at most 10 s; latency counts from the moment at which a request was due, or where it ' +
      'says so from when a connection was free for it and it was sent. `sustained/s` is the highest rate tried beforehand at which all ' +
      'were answered, 99 % within 200 ms; `max/s` what wrk gets through with 64 connections, right before and right after, in the middle. ' +
      '`unsent` found no free connection in 10 s. An endless loop takes half of the core of whoever is asked, so that the generator has time left: ' +
      'where `cores in overload` is well below `cores at max`, the generator was the limit.',
  ]
  return { name, title, rows, notes, isTall: true } satisfies CaseResult
}

const ownProbes = ({ url, adminUrl, headers, pid }: GatewayProcess): Asked => ({
  url,
  pid,
  headers,
  probeUrls: [url + livePath, adminUrl + livePath],
})

async function overload({ url, headers, probeUrls, pid }: Asked, origins: Origins, row: Row): Promise<void> {
  const target = `${url}/1k.json`
  const load = { url: target, headers, connections: 64 }
  const closed = async (seconds: number): Promise<number> =>
    (await runWrk({ ...load, seconds }, origins.folder, cores.rest)).requestsPerSecond
  const offer = (ratePerSecond: number, seconds: number): Promise<OpenLoopResult> => {
    const task = { ratePerSecond, seconds, connections: 64, maxConnections: 4_000, timeoutMs: 10_000, isExact: false }
    return runOpenLoop({ ...task, url: target, headers }, cores.rest)
  }
  await closed(warmUpSeconds)
  const capacity = await findCapacity(await closed(searchSeconds), (rate) => offer(rate, searchSeconds))
  for (let i = 0; i < overloads; i += 1) {
    const [before, coresAtMax] = await Promise.all([closed(searchSeconds), coresUsed(pid, searchSeconds)])
    const probes = watchProbes(probeUrls)
    try {
      const offered = offer(2 * capacity.sustainedPerSecond, overloadSeconds)
      const [result, coresInOverload] = await Promise.all([offered, coresUsed(pid, overloadSeconds)])
      const figures = await probes.figures()
      await delay(recoverySeconds * 1_000)
      const maxPerSecond = (before + (await closed(searchSeconds))) / 2
      const used = { 'cores at max': coresAtMax, 'cores in overload': coresInOverload }
      row.runs.push({ ...figuresOf(result, capacity, maxPerSecond), ...used, ...figures })
    } finally {
      probes.stop()
    }
  }
}

/** How much of a core a process uses in the middle of so many seconds; undefined becomes NaN, which tables leave out. */
async function coresUsed(pid: number | undefined, seconds: number): Promise<number> {
  if (pid === undefined) return Number.NaN
  await delay(seconds * 250)
  const [before, beganAt] = [await familyCpuMicroseconds(pid), performance.now()]
  await delay(seconds * 500)
  return ((await familyCpuMicroseconds(pid)) - before) / 1_000 / (performance.now() - beganAt)
}

function figuresOf(
  result: OpenLoopResult,
  { sustainedPerSecond, wasSustained }: Capacity,
  maxPerSecond: number,
): Figures {
  return {
    ...(wasSustained ? {} : { 'sustained/s is a guess': 1 }),
    'sustained/s': sustainedPerSecond,
    'max/s': maxPerSecond,
    'offered/s': result.offeredPerSecond,
    'goodput/s': result.goodputPerSecond,
    'goodput / max': result.goodputPerSecond / maxPerSecond,
    'second half, goodput / max': result.lateGoodputPerSecond / maxPerSecond,
    'served p50 ms': result.p50Ms,
    'served p99 ms': result.p99Ms,
    'p99 late / early': result.lateP99Ms / result.earlyP99Ms,
    'served p99 ms since sent': result.sinceSentP99Ms,
    'since sent, p99 late / early': result.sinceSentLateP99Ms / result.sinceSentEarlyP99Ms,
    rejected: result.rejected,
    'without Retry-After': result.rejectedWithoutRetryAfter,
    'rejected p99 ms': result.rejectedP99Ms,
    'broken, timed out': result.broken + result.timedOut,
    unsent: result.unsent,
    'other answers': result.otherAnswers,
    'generator late p99 ms': result.generatorLateP99Ms,
  }
}
