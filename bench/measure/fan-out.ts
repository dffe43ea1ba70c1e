import { join } from 'node:path'

import type { FanOutCase } from '../cases.ts'
import { type Contestant, cores } from '../contestants.ts'
import { cpuMicroseconds, memoryMiB, resetPeakMemory, settledMemoryMiB, untilPortsAreFree } from '../proc.ts'
import { nextLine, type Running, startOn } from '../process.ts'
import type { Figures } from '../report.ts'

type FanOutRun = { open: number; seconds: number; originUrl: string }

/** How long everything that is on its way may take to arrive. */
const arrivalMs = 60_000

/**
 * Opens streams, looks at memory while they idle (or, of downloads, while their readers stand still), then has
 * something sent on each and waits until all has arrived. The contestant is fresh, or memory would not be over idle.
 */
export async function measureFanOut({ stream }: FanOutCase, contestant: Contestant, run: FanOutRun): Promise<Figures> {
  await untilPortsAreFree()
  const pid = contestant.running?.pid
  const before = pid === undefined ? Number.NaN : await settledMemoryMiB(pid)
  if (pid !== undefined) await resetPeakMemory(pid)
  const startedAt = performance.now()
  const client = await openClient(stream, contestant, run.open)
  try {
    const opened = Number(client.announcement.opened)
    const openMs = performance.now() - startedAt
    const memory = pid === undefined ? Number.NaN : (await settledMemoryMiB(pid)) - before
    const sentAt = performance.now()
    if (stream === 'download') await ask(client, 'resume')
    else await fetch(`${run.originUrl}/broadcast`, { signal: AbortSignal.timeout(arrivalMs) })
    const arrived = await untilArrived(client, opened)
    const deliveredMs = performance.now() - sentAt
    const figures = {
      opened,
      'MiB over idle': memory,
      'KiB each': (memory * 1024) / Math.max(1, opened),
      'peak MiB over idle': pid === undefined ? Number.NaN : (await memoryMiB(pid, 'VmHWM')) - before,
      'opened/s': (opened / openMs) * 1000,
      'all delivered ms': arrived === opened ? deliveredMs : Number.NaN,
    }
    const echo = stream === 'websocket' ? await measureEcho(client, run.seconds, pid) : {}
    return { ...figures, ...echo, errors: run.open - arrived }
  } finally {
    await client.stop()
  }
}

async function openClient(stream: FanOutCase['stream'], { url, headers }: Contestant, open: number): Promise<Running> {
  const script = join(import.meta.dirname, '..', 'load', 'fan-out-client.ts')
  return startOn([process.execPath, script, url, stream, String(open)], {
    core: cores.rest,
    announces: true,
    env: { BENCH_HEADERS: JSON.stringify(headers) },
    patienceMs: 90_000,
  })
}

async function untilArrived(client: Running, wanted: number): Promise<number> {
  const givesUpAt = performance.now() + arrivalMs
  for (;;) {
    const arrived = Number((await ask(client, 'arrived')).arrived)
    if (arrived >= wanted || performance.now() > givesUpAt) return arrived
  }
}

/** Small texts there and back, 32 at a time, over all that are open in turns. */
async function measureEcho(client: Running, seconds: number, pid: number | undefined): Promise<Figures> {
  const before = pid === undefined ? 0 : await cpuMicroseconds(pid)
  const { echoes, p50Ms, p99Ms } = (await ask(client, `echo ${seconds}`)) as Record<string, number>
  const cpuUs = pid === undefined ? Number.NaN : (await cpuMicroseconds(pid)) - before
  return {
    'echoes/s': (echoes ?? 0) / seconds,
    'echo p50 ms': p50Ms ?? Number.NaN,
    'echo p99 ms': p99Ms ?? Number.NaN,
    'CPU µs/echo': cpuUs / Math.max(1, echoes ?? 0),
  }
}

async function ask(client: Running, command: string): Promise<Record<string, unknown>> {
  const answer = nextLine(client.lines, client.child)
  client.child.stdin?.write(`${command}\n`)
  return answer
}
