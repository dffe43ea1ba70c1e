import { setTimeout as delay } from 'node:timers/promises'

import type { Redis } from './redis.ts'
import { defineScript, releaseScript } from './scripts.ts'

/** Takes the lease, or renews it if the caller holds it. KEYS lease. ARGV owner, lifetime in ms. */
const holdScript = defineScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

type LeadershipOptions = {
  redis: Pick<Redis, 'keys' | 'run'>
  /** Name of the work; each name has its own leader. */
  name: string
  /** Unique id of this process. */
  owner: string
  /** Runs while this process leads. `signal` aborts when another process may lead. */
  work: (signal: AbortSignal) => Promise<void>
  /** The longest time until another process replaces a leader that died. */
  lifetimeMs?: number
  /** Time between two attempts to become or stay the leader. */
  askEveryMs?: number
}

/** Lets one of the processes that share a Redis do some work. When it ends, another one takes over. */
type Leadership = { isLeading(): boolean; close(): Promise<void> }

export function createLeadership(options: LeadershipOptions): Leadership {
  const { redis, name, owner, work, lifetimeMs = 15_000 } = options
  const { askEveryMs = lifetimeMs / 5 } = options
  const key = redis.keys.named(`leader:${name}`)
  const closing = new AbortController()
  let leading: { stop: AbortController; done: Promise<void> } | undefined

  async function holds(): Promise<boolean> {
    // Without Redis no process can know that it leads, so none does.
    return redis.run(holdScript, [key], [owner, String(lifetimeMs)]).then(
      (answer) => answer === 1,
      () => false,
    )
  }

  async function stop(): Promise<void> {
    const stopped = leading
    leading = undefined
    stopped?.stop.abort()
    await stopped?.done.catch(() => undefined)
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      if (!(await holds())) await stop()
      else if (leading === undefined) {
        const stopper = new AbortController()
        leading = { stop: stopper, done: work(stopper.signal) }
      }
      await delay(askEveryMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
    }
    await stop()
    await redis.run(releaseScript, [key], [owner]).catch(() => undefined)
  }

  const running = run()
  return {
    isLeading: () => leading !== undefined,
    async close() {
      closing.abort()
      await running
    },
  }
}
