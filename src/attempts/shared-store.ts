import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'

/** Counts for all replicas together, for example in Redis. */
export type SharedCounter = {
  /** Adds one, and forgets after the window; `ttlMs` is the rest of the window. */
  increment(key: string, windowMs: number): Promise<{ current: number; ttlMs: number }>
}

type Callback = Parameters<FastifyRateLimitStore['incr']>[1]

/** A store for @fastify/rate-limit on a counter that replicas share. */
export function sharedStore(counter: SharedCounter): FastifyRateLimitStoreCtor {
  return class SharedStore implements FastifyRateLimitStore {
    incr(key: string, callback: Callback, windowMs: number): void {
      counter.increment(key, windowMs).then(
        ({ current, ttlMs }) => callback(null, { current, ttl: ttlMs }),
        (error: Error) => callback(error),
      )
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }
}
