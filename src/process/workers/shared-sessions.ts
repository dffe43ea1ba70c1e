import { LRUCache } from 'lru-cache'

import type { RefreshedSessions } from '../../session/cookie-store.ts'
import type { EndedSessions } from '../../session/ended-sessions.ts'
import type { Claim, Lease, Leases } from '../../session/refresh/lease.ts'
import { absoluteExpiryOf, type Session, type SessionLimits } from '../../session/session.ts'
import type { Peers } from './peers.ts'

const refreshedTopic = 'refreshed'
const failureTopic = 'refresh-failed'
const maxFailures = 10_000

/** A failed refresh is not tried again by another worker for so long. */
const failureBackoffMs = 5_000

/** Refreshed sessions that all workers know: a browser that still brings the old cookie brings a dead refresh token. */
export async function shareRefreshed(
  peers: Peers,
  own: RefreshedSessions,
  limits: SessionLimits,
): Promise<RefreshedSessions> {
  const learn = (value: unknown): void => void own.set(value as Session)
  peers.hear(refreshedTopic, learn)
  for (const value of await peers.read(refreshedTopic)) learn(value)
  return {
    get: (sessionId) => own.get(sessionId),
    async set(session) {
      await own.set(session)
      await peers.tell(refreshedTopic, session.id, session, absoluteExpiryOf(session, limits))
    },
  }
}

/** Leases among workers: the primary holds them, and gives on those of a worker that died. */
export function createPeerLeases(
  peers: Peers,
  refreshed: RefreshedSessions,
  ended: EndedSessions,
  now: () => number,
): Leases {
  const failedUntil = new LRUCache<string, number>({ max: maxFailures })
  peers.hear(failureTopic, (value) => {
    const { id, until } = value as { id: string; until: number }
    failedUntil.set(id, until)
  })

  function leaseOf(id: string, giveBack: () => void): Lease {
    return {
      async release(hasFailed) {
        const until = now() + failureBackoffMs
        if (hasFailed) await peers.tell(failureTopic, id, { id, until }, until)
        giveBack()
      },
    }
  }

  return {
    async claim(session): Promise<Claim> {
      const giveBack = await peers.lock(`refresh:${session.id}`)
      const latest = refreshed.get(session.id)
      if (ended.has(session.id) || (latest !== undefined && latest.refreshedAt > session.refreshedAt)) {
        giveBack()
        return { kind: 'changed' }
      }
      if ((failedUntil.get(session.id) ?? 0) > now()) {
        giveBack()
        return { kind: 'failed' }
      }
      return { kind: 'granted', lease: leaseOf(session.id, giveBack) }
    },
  }
}
