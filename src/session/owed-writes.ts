import type { EventEmitter } from 'node:events'

import { LRUCache } from 'lru-cache'

import type { RedisEvents } from '../redis/redis.ts'

/** Writes that failed because Redis was away. They are repeated when it is back, so that an outage loses nothing. */
export type OwedWrites = {
  /** A later write of the same key takes the earlier one's place. */
  owe(key: string, write: () => Promise<unknown>): void
  /** Resolves when nothing is owed for this key, or the attempt to write it failed again. */
  settle(key: string): Promise<void> | undefined
  size(): number
  close(): void
}

const maxOwed = 10_000
const retryEveryMs = 500

export function createOwedWrites(events: EventEmitter<RedisEvents>): OwedWrites {
  const owed = new LRUCache<string, () => Promise<unknown>>({ max: maxOwed })
  const attempts = new Map<string, Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  events.on('ready', writeAll)

  function writeAll(): void {
    for (const [key, write] of owed.entries()) attempt(key, write)
  }

  function attempt(key: string, write: () => Promise<unknown>): void {
    if (attempts.has(key)) return
    const written = write()
      .then(
        () => void (owed.peek(key) === write && owed.delete(key)),
        () => retryLater(),
      )
      .finally(() => attempts.delete(key))
    attempts.set(key, written)
  }

  function retryLater(): void {
    clearTimeout(timer)
    timer = setTimeout(writeAll, retryEveryMs)
  }

  return {
    owe(key, write) {
      owed.set(key, write)
      retryLater()
    },
    settle(key) {
      const write = owed.peek(key)
      if (write === undefined) return undefined
      attempt(key, write)
      return attempts.get(key)
    },
    size: () => owed.size,
    close() {
      clearTimeout(timer)
      owed.clear()
    },
  }
}
