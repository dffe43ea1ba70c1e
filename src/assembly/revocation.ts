import { sessionLimits, sessionSecrets } from '../config/derived-settings.ts'
import type { Config } from '../config/schema.ts'
import { principalOf } from '../identity/principal.ts'
import type { Decide } from '../policy/first-matching-rule.ts'
import { createOpenConnections, type OpenConnections } from '../proxy/open-connections.ts'
import { createSessionWatch } from '../proxy/session-watch.ts'
import type { Redis } from '../redis/redis.ts'
import { createLocalBus, createRedisBus, type SessionBus } from '../revocation/bus.ts'
import type { Mark } from '../revocation/mark.ts'
import { createRevocations, type Revocations } from '../revocation/revocations.ts'
import { createSeenSessions } from '../revocation/seen-sessions.ts'
import { createSealer, type Sealer } from '../seal/sealer.ts'
import { expiryOf, isCurrent, type Session, type SessionLimits } from '../session/session.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

/** The channel by which processes tell each other about changed and ended sessions: Redis, if configured. */
export function provisionBus(
  config: Config,
  { now }: Dependencies,
  redis: Redis | undefined,
  holding: Holding,
): SessionBus {
  const sealer = createSealer(sessionSecrets(config), 'session-news')
  const news = holding.part({ name: 'session news', make: () => ({ sealer }) })
  holding.onInForce(() => void (news.sealer = sealer))
  const current: Sealer = { seal: (payload) => news.sealer.seal(payload), open: (sealed) => news.sealer.open(sealed) }
  return holding.part({
    name: 'session bus',
    uses: [redis],
    make: () => (redis === undefined ? createLocalBus() : createRedisBus(redis, current, now)),
  })
}

type Shared = { bus: SessionBus; decide: Decide; onNews: (news: readonly Mark[]) => void }

/** The rules of the configuration in force. They decide about open connections, too. */
type Rules = { limits: SessionLimits; decide: Decide }

/** Makes the parts that learn of ended sessions and close their open connections. */
export async function provisionRevocation(
  config: Config,
  dependencies: Dependencies,
  { bus, decide, onNews }: Shared,
  holding: Holding,
) {
  const limits = sessionLimits(config)
  const rules = holding.part({ name: 'rules for open connections', make: (): Rules => ({ limits, decide }) })
  const openConnections = holding.part({ name: 'open connections', make: createOpenConnections })
  const latest = holding.part({ name: 'latest revocations', make: (): { known?: Revocations } => ({}) })
  const parts = { bus, rules, openConnections, former: latest.known, onNews }
  const { revocations, watch, seen } = await holding.part({
    name: 'revocation',
    uses: [bus],
    make: () => watchSessions(dependencies, parts),
    close: (made) => made.watch.close(),
  })
  holding.onInForce(() => {
    const isOther = rules.decide !== decide
    revocations.keepFor(limits.absoluteTimeoutMs)
    Object.assign(rules, { limits, decide })
    latest.known = revocations
    if (isOther) watch.applyRules()
  })
  return { revocations, openConnections, seen }
}

type WatchParts = Pick<Shared, 'bus' | 'onNews'> & {
  rules: Rules
  openConnections: OpenConnections
  /** The revocations of the former Redis, when this one replaces it. */
  former: Revocations | undefined
}

async function watchSessions(
  { now, logger }: Dependencies,
  { bus, rules, openConnections, former, onNews }: WatchParts,
) {
  const revocations = createRevocations({
    bus,
    absoluteTimeoutMs: rules.limits.absoluteTimeoutMs,
    now,
    onOverflow: () => logger.warn('too many revocations to remember: the oldest is forgotten'),
    onUnshared: (err) => logger.warn({ err }, 'the end of a session could not be sent to other replicas; will retry'),
  })
  if (former !== undefined) revocations.follow(former)
  const endOf = (session: Session): number => {
    if (!isCurrent(session, rules.limits, now())) return 0
    return Math.min(expiryOf(session, rules.limits), revocations.endOf(session))
  }
  const watch = createSessionWatch({
    openConnections,
    endOf,
    isStillAllowed: (session, asked) => rules.decide(principalOf(session), asked, now()).effect === 'allow',
    now,
    onFailure: (err) => logger.error({ err }, 'revoked sessions could not be read from Redis; will retry'),
  })
  revocations.onChange((news) => {
    watch.sweep()
    if (news.some(({ kind }) => kind === 'claims')) watch.recheck(revocations.isOutdated)
    onNews(news)
  })
  const seen = createSeenSessions((session) => endOf(session) > now(), now())
  bus.events.on('changed', (session) => {
    watch.update(session)
    seen.note(session)
  })
  await revocations.joined()
  return { revocations, watch, seen }
}

export function revocationCondition(revocations: Pick<Revocations, 'status'>): Condition {
  const trouble = 'revoked sessions are not shared among replicas: Redis cannot be reached, or refuses writes'
  return condition('revocation', revocations.status() === 'ready' ? undefined : trouble)
}
