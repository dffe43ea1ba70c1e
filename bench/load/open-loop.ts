import { join } from 'node:path'

import { startOn } from '../process.ts'
import type { OpenLoopResult } from './tally.ts'

export type OpenLoopTask = {
  url: string
  headers: readonly string[]
  ratePerSecond: number
  seconds: number
  /** Open before the first request is due, and as many as there may be at most. */
  connections: number
  maxConnections: number
  timeoutMs: number
  /** Spins between requests, so that each is sent at its time and not up to a millisecond later. */
  isExact: boolean
}

/**
 * Offers requests at a constant rate from a process of its own, whether or not earlier ones were answered (wrk waits for
 * answers, which hides how long the others would have waited).
 * @throws when the generator fails
 */
export async function runOpenLoop(task: OpenLoopTask, core: number): Promise<OpenLoopResult> {
  const script = join(import.meta.dirname, 'open-loop-client.ts')
  const client = await startOn([process.execPath, script], {
    core,
    announces: true,
    env: { BENCH_LOAD: JSON.stringify(task) },
    // It spins on the origin's core: the origin goes first.
    niceness: task.isExact ? 5 : 0,
    patienceMs: (task.seconds + 20) * 1_000 + task.timeoutMs,
  })
  await client.stop()
  return figuresIn(client.announcement)
}

/** JSON has no NaN: what was not measured arrives as null. */
const figuresIn = (announcement: Record<string, unknown>): OpenLoopResult =>
  Object.fromEntries(Object.entries(announcement).map(([name, value]) => [name, value ?? Number.NaN])) as OpenLoopResult
