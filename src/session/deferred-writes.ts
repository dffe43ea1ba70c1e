import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { RedisEvents } from '../redis/redis.ts'
import { upTo } from '../storage/memory-bound.ts'

const maxDeferred = 10_000
const retryEveryMs = 500

export type DeferredWrites = ReturnType<typeof createDeferredWrites>

/** Writes that failed because Redis was away. They are repeated when it is back, so that an outage loses nothing. */
export function createDeferredWrites(events: EventEmitter<RedisEvents>) {
  const deferred = new LRUCache<string, () => Promise<unknown>>(upTo(maxDeferred))
  const attempts = new Map<string, Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  events.on('ready', writeAll)

  function writeAll(): void {
    for (const [key, write] of deferred.entries()) attempt(key, write)
  }

  function attempt(key: string, write: () => Promise<unknown>): void {
    if (attempts.has(key)) return
    const written = write()
      .then(
        () => void (deferred.peek(key) === write && deferred.delete(key)),
        () => retryLater(),
      )
      .finally(() => attempts.delete(key))
    attempts.set(key, written)
  }

  function retryLater(): void {
    clearTimeout(timer)
    if (!isClosed) timer = setTimeout(writeAll, retryEveryMs)
  }

  return {
    /** A later write of the same key takes the earlier one's place. */
    defer(key: string, write: () => Promise<unknown>): void {
      if (isClosed) return
      deferred.set(key, write)
      retryLater()
    },
    /** Resolves when no write is left for this key, or the attempt to write it failed again. */
    settle(key: string): Promise<void> | undefined {
      const write = deferred.peek(key)
      if (write === undefined) return undefined
      attempt(key, write)
      return attempts.get(key)
    },
    size: () => deferred.size,
    /** From now on nothing is deferred or tried again: a request that ends later must not keep the process alive. */
    close(): void {
      isClosed = true
      clearTimeout(timer)
      deferred.clear()
    },
  }
}
