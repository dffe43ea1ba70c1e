import type { Trail } from '../audit/trail.ts'
import type { Config } from '../config/schema.ts'
import type { Condition } from '../endpoints/health/plugin.ts'
import { principalOf } from '../identity/principal-of.ts'
import type { Provider } from '../oidc/provider.ts'
import { createRefreshGrant } from '../oidc/refresh-session.ts'
import { createPeerLeases, shareRefreshed } from '../process/workers/shared-sessions.ts'
import type { Redis } from '../redis/redis.ts'
import { createRevocableStore } from '../revocation/revocable-store.ts'
import type { Revocations } from '../revocation/revocations.ts'
import { createSealer } from '../seal/sealer.ts'
import { createCoherentCache } from '../session/coherent-cache.ts'
import { createCookieStore, createRefreshedSessions, type RefreshedSessions } from '../session/cookie-store.ts'
import type { EndedSessions } from '../session/ended-sessions.ts'
import { createOwedWrites } from '../session/owed-writes.ts'
import { createRecordSealer } from '../session/record-sealer.ts'
import { createRedisStore } from '../session/redis-store.ts'
import { createBackOff } from '../session/refresh/back-off.ts'
import { createRefreshCounters, type RefreshCounters } from '../session/refresh/counters.ts'
import { soleLeases } from '../session/refresh/lease.ts'
import { createRedisLeases } from '../session/refresh/redis-leases.ts'
import { createRefresher, type RefresherOptions } from '../session/refresh/refresher.ts'
import { haveRightsChanged } from '../session/rights-change.ts'
import { createSessionCookie } from '../session/session-cookie.ts'
import type { Session, SessionLimits } from '../session/session.ts'
import type { FoundSession, SessionStore } from '../session/store.ts'
import type { Dependencies } from './dependencies.ts'
import { claimNamesOf } from './policy.ts'
import { isSecure, sessionLimits, sessionSecrets } from './settings.ts'

export type SharedParts = {
  provider: Provider
  redis: Redis | undefined
  revocations: Revocations
  /** Called with every session that was written, new or changed. */
  onSaved: (session: Session) => void
  /** Called when Auth0 gave a session other roles, groups or permissions. */
  onRightsChanged: (session: Session) => void
  trail: Pick<Trail, 'write'>
}

/** The store of sessions, and the refresher that keeps their roles fresh. */
export async function provisionSessions(config: Config, dependencies: Dependencies, shared: SharedParts) {
  const { now, logger } = dependencies
  const { refreshEvery, maxStale, store: kind } = config.session
  const limits = sessionLimits(config)
  const cookie = createSessionCookie(isSecure(config))
  const { revocations, onSaved, onRightsChanged } = shared
  const { ended } = revocations
  const { refreshed, leases } = await provisionRefreshed(dependencies, ended, limits)
  const redis = kind === 'redis' ? shared.redis : undefined
  const kept = redis
    ? redisSessions(config, dependencies, { redis, ended })
    : cookieSessions(config, { ended, refreshed, cookieName: cookie.name })
  const onUnshared = (err: unknown) => logger.warn({ err }, 'other replicas could not hear of a new login yet')
  const store = createRevocableStore(kept.store, { revocations, onSaved, onUnshared, now })
  const counters = createRefreshCounters()
  const refresher = createRefresher({
    store,
    isOutdated: revocations.isOutdated,
    leases: redis ? createRedisLeases({ redis, randomBytes: dependencies.randomBytes }) : leases,
    refreshGrant: createRefreshGrant({ provider: shared.provider, claimNames: claimNamesOf(config), now }),
    times: { refreshEveryMs: refreshEvery, maxStaleMs: maxStale },
    backOff: createBackOff(now),
    counters,
    onFailure: tellFailure(logger, shared.trail),
    onRefreshed: (before, after) => haveRightsChanged(before, after) && onRightsChanged(after),
    now,
  })
  return {
    stage: { store, refresher, cookie, limits, now },
    limits,
    counters,
    async close() {
      await refresher.close()
      kept.close()
    },
  }
}

/** Remembers refreshed sessions beside the cookies: in this process, or for all workers. */
async function provisionRefreshed({ peers, now }: Dependencies, ended: EndedSessions, limits: SessionLimits) {
  const own = createRefreshedSessions()
  if (peers === undefined) return { refreshed: own, leases: soleLeases }
  const refreshed = await shareRefreshed(peers, own, limits)
  return { refreshed, leases: createPeerLeases(peers, refreshed, ended, now) }
}

type Kept = { store: SessionStore; close: () => void }

type CookieParts = { ended: EndedSessions; refreshed: RefreshedSessions; cookieName: string }

function cookieSessions(config: Config, parts: CookieParts): Kept {
  const sealer = createSealer(sessionSecrets(config), 'session')
  return { store: createCookieStore({ sealer, ...parts }), close: () => undefined }
}

type RedisParts = { redis: Redis; ended: EndedSessions }

function redisSessions(config: Config, dependencies: Dependencies, { redis, ended }: RedisParts): Kept {
  const { now, randomBytes } = dependencies
  const limits = sessionLimits(config)
  const { outageGrace: graceMs, maxCached: maxEntries } = config.session.redis as NonNullable<
    Config['session']['redis']
  >
  const cache = createCoherentCache<FoundSession>({ events: redis.events, maxEntries, graceMs, now })
  const owed = createOwedWrites(redis.events)
  const sealer = createRecordSealer(sessionSecrets(config), randomBytes)
  return {
    store: createRedisStore({ redis, sealer, cache, owed, ended, limits, randomBytes, now }),
    close: () => owed.close(),
  }
}

function tellFailure(logger: Dependencies['logger'], trail: Pick<Trail, 'write'>): RefresherOptions['onFailure'] {
  return (outcome, session) => {
    const reason = outcome.kind === 'failed' ? 'login-service-failed' : outcome.reason
    trail.write({ event: 'refresh-failed', reason, principal: principalOf(session) })
    if (outcome.kind === 'failed') {
      logger.warn({ session: session.id, err: outcome.cause }, 'a session could not be refreshed')
    } else logger.info({ session: session.id, reason, err: outcome.cause }, 'a refresh ended a session')
  }
}

/** Degraded from the first failure until a refresh succeeds again. */
export function refreshCondition({ failedInARow }: RefreshCounters): Condition {
  if (failedInARow === 0) return { name: 'refresh', status: 'ok' }
  const reason = `${failedInARow} refreshes in a row failed: sessions go on with the roles they have`
  return { name: 'refresh', status: 'degraded', reason }
}
