import { transactionLifetimeMs } from '../../oidc/transaction.ts'
import type { UsedTransactions } from '../../oidc/used-transactions.ts'
import type { Peers } from './peers.ts'

/** Logins that were finished or given up in any worker. */
export function sharedTransactions(peers: Peers): UsedTransactions {
  return { claim: (id) => peers.claim(`transaction:${id}`, transactionLifetimeMs) }
}
