import type { Trail } from '../audit/trail.ts'
import { isSecure, sessionLimits, sessionSecrets } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import { counted } from '../config/values/quantities.ts'
import { principalOf } from '../identity/principal.ts'
import type { OnUnusable } from '../oidc/claim-values.ts'
import type { Provider } from '../oidc/provider.ts'
import { createRefreshGrant } from '../oidc/refresh-session.ts'
import type { Redis } from '../redis/redis.ts'
import type { SessionBus } from '../revocation/bus.ts'
import { createRevocableStore } from '../revocation/revocable-store.ts'
import type { Revocations } from '../revocation/revocations.ts'
import { createSealer } from '../seal/sealer.ts'
import { CoherentCache } from '../session/coherent-cache.ts'
import { createCookieStore } from '../session/cookie-store.ts'
import { createDeferredWrites } from '../session/deferred-writes.ts'
import { createRecordSealer } from '../session/record-sealer.ts'
import { RedisStore } from '../session/redis-store.ts'
import { createBackOff } from '../session/refresh/back-off.ts'
import { createRedisLeases, soleLeases } from '../session/refresh/leases.ts'
import { createRunningRenewals, type RefreshCounters, type RunningRenewals } from '../session/refresh/refresh-once.ts'
import { createRefresher, type RefresherOptions } from '../session/refresh/refresher.ts'
import { createSessionCookie } from '../session/session-cookie.ts'
import { haveRightsChanged, type Session } from '../session/session.ts'
import type { EndedSessions, SessionStore } from '../session/store.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'
import { claimNamesOf } from './policy.ts'

type SharedParts = {
  onUnusable: OnUnusable
  provider: Provider
  redis: Redis | undefined
  bus: SessionBus
  revocations: Revocations
  /** Called when a refresh changed the roles, groups or permissions of a session. */
  onRightsChanged: (session: Session) => void
  trail: Pick<Trail, 'write'>
  counters: RefreshCounters
  holding: Holding
}

/** The store of sessions, and the refresher that keeps their roles fresh. */
export function provisionSessions(config: Config, dependencies: Dependencies, shared: SharedParts) {
  const { now, logger, randomBytes } = dependencies
  const { refreshEvery, maxStale, store: kind } = config.session
  const limits = sessionLimits(config)
  const cookie = createSessionCookie(isSecure(config))
  const { bus, revocations, onRightsChanged, counters, holding } = shared
  const { ended } = revocations
  const redis = kind === 'redis' ? shared.redis : undefined
  const kept = redis
    ? redisSessions(config, dependencies, { redis, bus, ended, holding })
    : createCookieStore({ sealer: createSealer(sessionSecrets(config), 'session'), ended, cookieName: cookie.name })
  const onUnshared = (err: unknown) => logger.warn({ err }, 'a new login could not be sent to other replicas yet')
  const onSaved = (session: Session) => bus.change(session)
  const store = createRevocableStore(kept, { revocations, onSaved, onUnshared, now })
  const refresher = createRefresher({
    store,
    isOutdated: revocations.isOutdated,
    isEnded: (session) => revocations.endOf(session) <= now(),
    isStoreAway: () => redis !== undefined && (!redis.isReady() || redis.refusal() !== undefined),
    leases: redis
      ? holding.part({ name: 'leases', uses: [redis], make: () => createRedisLeases({ redis, randomBytes }) })
      : soleLeases,
    refreshGrant: createRefreshGrant({
      provider: shared.provider,
      claimNames: { ...claimNamesOf(config), onUnusable: shared.onUnusable },
      now,
    }),
    times: { refreshEveryMs: refreshEvery, maxStaleMs: maxStale },
    backOff: holding.part({ name: 'refresh back-off', make: () => createBackOff(now) }),
    // Kept across reloads, so that no session is refreshed twice at the same time: a refresh token can be used only once.
    running: holding.part({ name: 'running refreshes', make: createRunningRenewals, close: settle }),
    counters,
    onFailure: reportFailure(logger, shared.trail),
    onRefreshed: (before, after) => haveRightsChanged(before, after) && onRightsChanged(after),
    now,
  })
  return { store, refresher, cookie, limits, now }
}

/** Waits for running refreshes: cutting one off may lose the only valid refresh token. */
async function settle(running: RunningRenewals): Promise<void> {
  await Promise.allSettled(running.values())
}

type RedisParts = { redis: Redis; bus: SessionBus; ended: EndedSessions; holding: Holding }

function redisSessions(
  config: Config,
  dependencies: Dependencies,
  { redis, bus, ended, holding }: RedisParts,
): SessionStore {
  const { now, randomBytes } = dependencies
  const limits = sessionLimits(config)
  const { outageGrace: outageGraceMs, maxCached: maxEntries } = config.session.redis as NonNullable<
    Config['session']['redis']
  >
  const cache = holding.part({
    name: 'session cache',
    settings: [maxEntries, outageGraceMs, config.session.secrets],
    uses: [bus],
    make: () => new CoherentCache({ events: bus.events, maxEntries, outageGraceMs, now }),
    // A new cache has replaced it.
    close: (made) => made.clear(),
  })
  const deferred = holding.part({
    name: 'deferred writes',
    uses: [redis],
    make: () => createDeferredWrites(redis.events),
    close: (made) => made.close(),
    isNeededByRequests: true,
  })
  const sealer = createRecordSealer(sessionSecrets(config))
  return new RedisStore({ redis, sealer, cache, deferred, ended, limits, randomBytes, now })
}

function reportFailure(logger: Dependencies['logger'], trail: Pick<Trail, 'write'>): RefresherOptions['onFailure'] {
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
  const trouble = `${counted(failedInARow, 'refresh failed', 'refreshes in a row failed')}: sessions keep the roles they have`
  return condition('refresh', failedInARow === 0 ? undefined : trouble)
}
