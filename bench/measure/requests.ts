import type { LoadCase, PacedCase } from '../cases.ts'
import { type Contestant, cores } from '../contestants.ts'
import { runOpenLoop } from '../load/open-loop.ts'
import { runWrk } from '../load/wrk.ts'
import { cpuMicroseconds, memoryMiB, resetPeakMemory } from '../proc.ts'
import type { Figures } from '../report.ts'

export type RunOptions = {
  seconds: number
  /** For the script of wrk. */
  folder: string
}

/** One run of wrk against one contestant. */
export async function measureLoad(
  { path, load, isLong }: Pick<LoadCase, 'path' | 'load' | 'isLong'>,
  contestant: Contestant,
  { seconds, folder }: RunOptions,
): Promise<Figures> {
  const pid = contestant.running?.pid
  if (pid !== undefined) await resetPeakMemory(pid)
  const before = pid === undefined ? 0 : await cpuMicroseconds(pid)
  const headers = [...(load.headers ?? []), ...contestant.headers]
  const options = {
    ...load,
    headers,
    url: contestant.url + (contestant.path ?? path),
    seconds: isLong ? 2 * seconds : seconds,
  }
  const { requests, requestsPerSecond, p50Ms, p99Ms, p999Ms, errors } = await runWrk(options, folder, cores.rest)
  const figures: Figures = { 'req/s': requestsPerSecond, 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'p99.9 ms': p999Ms }
  if (pid !== undefined) {
    figures['CPU µs/req'] = ((await cpuMicroseconds(pid)) - before) / Math.max(1, requests)
    figures['peak MiB'] = await memoryMiB(pid, 'VmHWM')
  }
  return { ...figures, errors }
}

/** One run at a constant rate; latencies count from the moment at which a request was due. */
export async function measurePaced(
  { path, ratePerSecond }: PacedCase,
  contestant: Contestant,
  { seconds }: RunOptions,
): Promise<Figures> {
  const pid = contestant.running?.pid
  const before = pid === undefined ? 0 : await cpuMicroseconds(pid)
  const url = contestant.url + (contestant.path ?? path)
  const task = { ratePerSecond, seconds, connections: 10, maxConnections: 200, timeoutMs: 10_000, isExact: true }
  const result = await runOpenLoop({ ...task, url, headers: contestant.headers }, cores.rest)
  const { p50Ms, p99Ms, p999Ms, served, goodputPerSecond, generatorLateP99Ms } = result
  const figures: Figures = { 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'p99.9 ms': p999Ms, 'answered/s': goodputPerSecond }
  if (pid !== undefined) figures['CPU µs/req'] = ((await cpuMicroseconds(pid)) - before) / Math.max(1, served)
  return {
    ...figures,
    'generator late p99 ms': generatorLateP99Ms,
    errors: Math.round(ratePerSecond * seconds) - served,
  }
}
