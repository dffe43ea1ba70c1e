import { once } from 'node:events'
import { join } from 'node:path'

import type { FanOutCase, LoadCase } from './cases.ts'
import { type Contestant, cores } from './contestants.ts'
import { runWrk } from './load/wrk.ts'
import { cpuMicroseconds, memoryMiB, nextLine, resetPeakMemory, startOn } from './process.ts'

/** Figures of one run; each column of the table is one of these. */
export type Figures = Record<string, number>

export async function measureLoad(
  { path, load }: LoadCase,
  contestant: Contestant,
  run: { seconds: number; folder: string },
): Promise<Figures> {
  const pid = contestant.running?.pid
  if (pid !== undefined) await resetPeakMemory(pid)
  const before = pid === undefined ? 0 : await cpuMicroseconds(pid)
  const options = { ...load, url: contestant.url + path, seconds: run.seconds, cookie: contestant.cookie }
  const result = await runWrk(options, run.folder, cores.rest)
  const { requestsPerSecond, p50Ms, p99Ms, p999Ms, errors } = result
  const figures: Figures = { 'req/s': requestsPerSecond, 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'p99.9 ms': p999Ms }
  if (pid !== undefined) {
    figures['CPU µs/req'] = ((await cpuMicroseconds(pid)) - before) / Math.max(1, result.requests)
    figures['peak MiB'] = await memoryMiB(pid, 'VmHWM')
  }
  figures.errors = errors
  return figures
}

/** Opens streams, looks at memory while they idle, has one event sent to each and waits until all have arrived. */
export async function measureFanOut(
  { stream }: FanOutCase,
  contestant: Contestant,
  run: { open: number; originUrl: string },
): Promise<Figures> {
  const pid = contestant.running?.pid ?? process.pid
  const before = await memoryMiB(pid, 'VmRSS')
  const script = join(import.meta.dirname, 'load', 'fan-out.ts')
  const env: Record<string, string> = contestant.cookie === undefined ? {} : { BENCH_COOKIE: contestant.cookie }
  const openedAt = performance.now()
  const client = await startOn([process.execPath, script, contestant.url, stream, String(run.open)], {
    core: cores.rest,
    announces: true,
    env,
  })
  const opened = Number(client.announcement.opened)
  const openMs = performance.now() - openedAt
  const memory = (await memoryMiB(pid, 'VmRSS')) - before
  const sentAt = performance.now()
  await fetch(`${run.originUrl}/broadcast`)
  let arrived = 0
  while (arrived < opened && performance.now() - sentAt < 30_000) {
    client.child.stdin?.write('\n')
    arrived = Number((await nextLine(client.lines, client.child)).arrived)
  }
  const deliveredMs = performance.now() - sentAt
  const exited = once(client.child, 'exit')
  client.child.kill()
  await exited
  return {
    'opened/s': (opened / openMs) * 1000,
    opened,
    'delivered ms': deliveredMs,
    'MiB over idle': memory,
    'KiB each': (memory * 1024) / Math.max(1, opened),
    errors: run.open - arrived,
  }
}
