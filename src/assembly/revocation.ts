import type { Config } from '../config/schema.ts'
import type { Condition } from '../endpoints/health/plugin.ts'
import { principalOf } from '../identity/principal-of.ts'
import type { Decide } from '../policy/rules.ts'
import type { Peers } from '../process/workers/peers.ts'
import { sharedMarks, sharedNews, sharedOnce } from '../process/workers/shared-revocations.ts'
import { createOpenConnections } from '../proxy/open-connections.ts'
import { createSessionWatch } from '../proxy/session-watch.ts'
import type { Redis } from '../redis/redis.ts'
import { createOnce, type Once } from '../revocation/once.ts'
import { createRevocations, type Revocations } from '../revocation/revocations.ts'
import { createSeenSessions } from '../revocation/seen-sessions.ts'
import { createSessionNews } from '../revocation/session-news.ts'
import { createSealer } from '../seal/sealer.ts'
import { expiryOf, type Session } from '../session/session.ts'
import type { Dependencies } from './dependencies.ts'
import { sessionLimits, sessionSecrets } from './settings.ts'

type Shared = { redis: Redis | undefined; decide: Decide }

/** How this process learns that sessions have ended, and closes the connections that are open for them. */
export async function provisionRevocation(config: Config, dependencies: Dependencies, { redis, decide }: Shared) {
  const { now, logger, peers } = dependencies
  const limits = sessionLimits(config)
  const revocations = createRevocations({
    redis,
    share: peers && ((onMark) => sharedMarks(peers, onMark)),
    absoluteTimeoutMs: limits.absoluteTimeoutMs,
    now,
    onOverflow: () => logger.warn('too many revocations to remember: the oldest is forgotten'),
    onUnshared: (err) => logger.warn({ err }, 'other replicas could not hear of the end of a session yet'),
  })
  const openConnections = createOpenConnections()
  const endOf = (session: Session): number => Math.min(expiryOf(session, limits), revocations.endOf(session))
  const watch = createSessionWatch({
    openConnections,
    endOf,
    mayGoOn: (session, asked) => decide(principalOf(session), asked, now()).effect === 'allow',
    now,
  })
  revocations.onChange((news) => {
    watch.sweep()
    if (news.some(({ kind }) => kind === 'claims')) watch.recheck(revocations.isOutdated)
  })
  const seen = createSeenSessions((session) => endOf(session) > now())
  const hear = (session: Session): void => {
    watch.update(session)
    seen.note(session)
  }
  await revocations.joined()
  return {
    revocations,
    openConnections,
    seen,
    once: provisionOnce(dependencies, redis),
    onSaved: sharing(hear, config, { redis, peers }),
    close: () => watch.close(),
  }
}

/** Other replicas hear of each change too: they list the session, and may have connections open for it. */
function sharing(
  hear: (session: Session) => void,
  config: Config,
  { redis, peers }: { redis: Redis | undefined; peers: Peers | undefined },
) {
  if (redis === undefined) return peers === undefined ? hear : sharedNews(peers, hear)
  const news = createSessionNews(redis, createSealer(sessionSecrets(config), 'session-news'), hear)
  return (changed: Session): void => {
    hear(changed)
    news.tell(changed)
  }
}

/** Remembers what may happen only once: for all that share Redis, or for all workers. */
function provisionOnce({ now, peers }: Dependencies, redis: Redis | undefined): Once {
  return redis === undefined && peers !== undefined ? sharedOnce(peers) : createOnce(now, redis)
}

export function revocationCondition(revocations: Pick<Revocations, 'status'>): Condition {
  if (revocations.status() === 'ready') return { name: 'revocation', status: 'ok' }
  const reason = 'Redis is not reached: ends of sessions are not shared among replicas'
  return { name: 'revocation', status: 'degraded', reason }
}
