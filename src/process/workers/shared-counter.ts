import type { SharedCounter } from '../../attempts/shared-store.ts'
import type { Peers } from './peers.ts'

/** Failed attempts, counted over all workers. */
export function peerCounter(peers: Peers): SharedCounter {
  return { increment: (key, windowMs) => peers.count(`attempts:${key}`, windowMs) }
}
