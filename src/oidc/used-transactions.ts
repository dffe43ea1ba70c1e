import { LRUCache } from 'lru-cache'

import { transactionLifetimeMs } from './transaction.ts'

/** Logins that were finished or given up: none can be used twice. */
export type UsedTransactions = {
  /** False when the transaction was used before, in any worker. */
  claim(id: string): boolean | Promise<boolean>
}

/** @param now milliseconds since the epoch */
export function createUsedTransactions(now: () => number, max = 100_000): UsedTransactions {
  const usedUntil = new LRUCache<string, number>({ max })
  return {
    claim(id) {
      if ((usedUntil.peek(id) ?? 0) > now()) return false
      usedUntil.set(id, now() + transactionLifetimeMs)
      return true
    },
  }
}
