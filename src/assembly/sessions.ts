import type { Trail } from '../audit/trail.ts'
import type { Config } from '../config/schema.ts'
import { principalOf } from '../identity/principal.ts'
import type { OnUnusable } from '../oidc/claim-values.ts'
import type { Provider } from '../oidc/provider.ts'
import { createRefreshGrant } from '../oidc/refresh-session.ts'
import type { Redis } from '../redis/redis.ts'
import type { SessionBus } from '../revocation/bus.ts'
import { createRevocableStore } from '../revocation/revocable-store.ts'
import type { Revocations } from '../revocation/revocations.ts'
import { createSealer } from '../seal/sealer.ts'
import { createCoherentCache } from '../session/coherent-cache.ts'
import { createCookieStore } from '../session/cookie-store.ts'
import { createOwedWrites } from '../session/owed-writes.ts'
import { createRecordSealer } from '../session/record-sealer.ts'
import { createRedisStore } from '../session/redis-store.ts'
import { createBackOff } from '../session/refresh/back-off.ts'
import { createRedisLeases, soleLeases } from '../session/refresh/leases.ts'
import { createRefresher, type RefresherOptions } from '../session/refresh/refresher.ts'
import { createRefreshCounters, type RefreshCounters } from '../session/refresh/renewals.ts'
import { createSessionCookie } from '../session/session-cookie.ts'
import { haveRightsChanged, type Session } from '../session/session.ts'
import type { EndedSessions, SessionStore } from '../session/store.ts'
import type { Condition } from '../telemetry/condition.ts'
import type { Dependencies } from './dependencies.ts'
import { claimNamesOf } from './policy.ts'
import { isSecure, sessionLimits, sessionSecrets } from './settings.ts'

export type SharedParts = {
  onUnusable: OnUnusable
  provider: Provider
  redis: Redis | undefined
  bus: SessionBus
  revocations: Revocations
  /** Called when Auth0 gave a session other roles, groups or permissions. */
  onRightsChanged: (session: Session) => void
  trail: Pick<Trail, 'write'>
}

/** The store of sessions, and the refresher that keeps their roles fresh. */
export function provisionSessions(config: Config, dependencies: Dependencies, shared: SharedParts) {
  const { now, logger } = dependencies
  const { refreshEvery, maxStale, store: kind } = config.session
  const limits = sessionLimits(config)
  const cookie = createSessionCookie(isSecure(config))
  const { bus, revocations, onRightsChanged } = shared
  const { ended } = revocations
  const redis = kind === 'redis' ? shared.redis : undefined
  const kept = redis
    ? redisSessions(config, dependencies, { redis, bus, ended })
    : cookieSessions(config, { ended, cookieName: cookie.name })
  const onUnshared = (err: unknown) => logger.warn({ err }, 'a new login could not be sent to other replicas yet')
  const onSaved = (session: Session) => bus.change(session)
  const store = createRevocableStore(kept.store, { revocations, onSaved, onUnshared, now })
  const counters = createRefreshCounters()
  const refresher = createRefresher({
    store,
    isOutdated: revocations.isOutdated,
    isStoreAway: () => redis !== undefined && (!redis.isReady() || redis.refusal() !== undefined),
    leases: redis ? createRedisLeases({ redis, randomBytes: dependencies.randomBytes }) : soleLeases,
    refreshGrant: createRefreshGrant({
      provider: shared.provider,
      claimNames: { ...claimNamesOf(config), onUnusable: shared.onUnusable },
      now,
    }),
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

type Kept = { store: SessionStore; close: () => void }

type CookieParts = { ended: EndedSessions; cookieName: string }

function cookieSessions(config: Config, parts: CookieParts): Kept {
  const sealer = createSealer(sessionSecrets(config), 'session')
  return { store: createCookieStore({ sealer, ...parts }), close: () => undefined }
}

type RedisParts = { redis: Redis; bus: SessionBus; ended: EndedSessions }

function redisSessions(config: Config, dependencies: Dependencies, { redis, bus, ended }: RedisParts): Kept {
  const { now, randomBytes } = dependencies
  const limits = sessionLimits(config)
  const { outageGrace: graceMs, maxCached: maxEntries } = config.session.redis as NonNullable<
    Config['session']['redis']
  >
  const cache = createCoherentCache({ events: bus.events, maxEntries, graceMs, now })
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
  const reason = `${failedInARow} refreshes in a row failed: sessions keep the roles they have`
  return { name: 'refresh', status: 'degraded', reason }
}
