import { LRUCache } from 'lru-cache'

import type { Once } from '../revocation/once.ts'
import { transactionLifetimeMs } from './transaction.ts'

/** Logins that were finished or given up: none can be used twice. */
export type UsedTransactions = {
  /** False when the transaction was used before, in any process that shares our Redis. */
  claim(id: string): Promise<boolean>
}

/**
 * @param now milliseconds since the epoch
 * @param once shared by all processes; while it does not answer, this process uses its own memory
 */
export function createUsedTransactions(now: () => number, once: Pick<Once, 'claim'>, max = 100_000): UsedTransactions {
  const usedUntil = new LRUCache<string, number>({ max })
  return {
    async claim(id) {
      if ((usedUntil.peek(id) ?? 0) > now()) return false
      usedUntil.set(id, now() + transactionLifetimeMs)
      return once.claim(`transaction ${id}`, transactionLifetimeMs).catch(() => true)
    },
  }
}
