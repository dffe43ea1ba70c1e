import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { RedisEvents } from '../redis/redis.ts'
import { upTo } from '../storage/memory-bound.ts'

const maxDeferred = 10_000
const retryEveryMs = 500

export type DeferredWrites = ReturnType<typeof createDeferredWrites>

/** Writes that failed because Redis was unavailable. They are retried until they succeed, so that an outage loses nothing. */
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
    /** A later write of the same key replaces the earlier one. */
    defer(key: string, write: () => Promise<unknown>): void {
      if (isClosed) return
      deferred.set(key, write)
      retryLater()
    },
    /** Tries the deferred write of this key, if there is one. Resolves when it succeeded or failed again. */
    settle(key: string): Promise<void> | undefined {
      const write = deferred.peek(key)
      if (write === undefined) return undefined
      attempt(key, write)
      return attempts.get(key)
    },
    size: () => deferred.size,
    /** Drops all writes; from now on none is deferred or retried. A request that ends later must not keep the process alive. */
    close(): void {
      isClosed = true
      clearTimeout(timer)
      deferred.clear()
    },
  }
}
