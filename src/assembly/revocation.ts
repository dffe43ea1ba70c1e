import type { Config } from '../config/schema.ts'
import { principalOf } from '../identity/principal.ts'
import type { Decide } from '../policy/rules.ts'
import { createOpenConnections } from '../proxy/open-connections.ts'
import { createSessionWatch } from '../proxy/session-watch.ts'
import type { Redis } from '../redis/redis.ts'
import { createLocalBus, createRedisBus, type SessionBus } from '../revocation/bus.ts'
import { createRevocations, type Revocations } from '../revocation/revocations.ts'
import { createSeenSessions } from '../revocation/seen-sessions.ts'
import { createSealer } from '../seal/sealer.ts'
import { expiryOf, type Session } from '../session/session.ts'
import type { Condition } from '../telemetry/condition.ts'
import type { Dependencies } from './dependencies.ts'
import { sessionLimits, sessionSecrets } from './settings.ts'

/** The one way in which this process learns of sessions from others: through Redis, if there is one. */
export function provisionBus(config: Config, { now }: Dependencies, redis: Redis | undefined): SessionBus {
  if (redis === undefined) return createLocalBus()
  return createRedisBus(redis, createSealer(sessionSecrets(config), 'session-news'), now)
}

type Shared = { bus: SessionBus; decide: Decide }

/** How this process learns that sessions have ended, and closes the connections that are open for them. */
export async function provisionRevocation(config: Config, dependencies: Dependencies, { bus, decide }: Shared) {
  const { now, logger } = dependencies
  const limits = sessionLimits(config)
  const revocations = createRevocations({
    bus,
    absoluteTimeoutMs: limits.absoluteTimeoutMs,
    now,
    onOverflow: () => logger.warn('too many revocations to remember: the oldest is forgotten'),
    onUnshared: (err) => logger.warn({ err }, 'the end of a session could not be sent to other replicas yet'),
  })
  const openConnections = createOpenConnections()
  const endOf = (session: Session): number => Math.min(expiryOf(session, limits), revocations.endOf(session))
  const watch = createSessionWatch({
    openConnections,
    endOf,
    isStillAllowed: (session, asked) => decide(principalOf(session), asked, now()).effect === 'allow',
    now,
    onFailure: (err) => logger.error({ err }, 'ends of sessions could not be looked for; trying again'),
  })
  revocations.onChange((news) => {
    watch.sweep()
    if (news.some(({ kind }) => kind === 'claims')) watch.recheck(revocations.isOutdated)
  })
  const seen = createSeenSessions((session) => endOf(session) > now())
  bus.events.on('changed', (session) => {
    watch.update(session)
    seen.note(session)
  })
  await revocations.joined()
  return { revocations, openConnections, seen, close: () => watch.close() }
}

export function revocationCondition(revocations: Pick<Revocations, 'status'>): Condition {
  if (revocations.status() === 'ready') return { name: 'revocation', status: 'ok' }
  const reason = 'ends of sessions are not shared among replicas: Redis is not reached, or refuses writes'
  return { name: 'revocation', status: 'degraded', reason }
}
