import type { Trail } from '../audit/trail.ts'
import { createTakeEvent, targetOf, type TakeEvent } from '../auth0-events/event.ts'
import { createManagementTokens } from '../auth0-events/management-token.ts'
import { createFileOffsets, createMemoryOffsets, createSharedOffsets, type Offsets } from '../auth0-events/offsets.ts'
import { createEventPull, type EventPull, type EventPullOptions } from '../auth0-events/pull.ts'
import type { Config } from '../config/schema.ts'
import { withSlash } from '../config/values/addresses.ts'
import { createLeadership } from '../redis/leadership.ts'
import type { Redis } from '../redis/redis.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { SingleUse } from '../revocation/single-use.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

type PullConfig = NonNullable<NonNullable<Config['auth0']['events']>['pull']>

/** Reads Auth0's events, if configured. Of the processes that share a Redis, one reads. */
export function provisionEvents(
  config: Config,
  dependencies: Dependencies,
  { redis, take, holding }: { redis: Redis | undefined; take: TakeEvent; holding: Holding },
): { conditions(): Condition[] } {
  const pullConfig = config.auth0.events?.pull
  if (pullConfig === undefined) return { conditions: () => [] }
  const { issuer, timeout, tls } = config.auth0
  const memory = holding.part({ name: 'event offsets', make: createMemoryOffsets })
  const reading = holding.part({
    name: 'events',
    settings: [pullConfig, issuer, timeout, tls, config.session.absoluteTimeout],
    uses: [redis, take],
    make: () => {
      const offsets = offsetsOf(pullConfig, redis) ?? memory
      return createReading(pullOptions(config, pullConfig, dependencies, take, offsets), redis, dependencies)
    },
    close: (made) => made.close(),
  })
  // Only one process and one configuration may read the events at a time.
  holding.onAlone(() => reading.start())
  return { conditions: () => [conditionOf(reading.pull)] }
}

type Taking = { revocations: Revocations; singleUse: SingleUse; holding: Holding }

/** Applies events from Auth0. The record of a fetched event names no request, because there is none. */
export function provisionEventTaking(
  { auth0: { issuer } }: Config,
  { now, trail }: Pick<Dependencies, 'now'> & { trail: Pick<Trail, 'write'> },
  { revocations, singleUse, holding }: Taking,
) {
  return holding.part({
    name: 'event taking',
    settings: issuer,
    uses: [revocations, singleUse],
    make() {
      const take = createTakeEvent({ issuer, revocations, singleUse, now })
      return { take, takeFetched: recording(take, trail) }
    },
  })
}

function createReading(options: EventPullOptions, redis: Redis | undefined, dependencies: Dependencies) {
  const pull = createEventPull(options)
  let stop: (() => Promise<void>) | undefined
  return {
    pull,
    start: () => void (stop ??= redis === undefined ? startAlone(pull) : startWithOthers(pull, redis, dependencies)),
    close: async () => stop?.(),
  }
}

function pullOptions(
  { auth0, session }: Config,
  { clientId, clientSecret, audience }: PullConfig,
  { fetch, logger, now }: Dependencies,
  take: TakeEvent,
  offsets: Offsets,
): EventPullOptions {
  const issuer = withSlash(auth0.issuer)
  const credentials = { issuer, clientId, clientSecret: clientSecret.reveal() }
  const common = { fetch, timeoutMs: auth0.timeout, now }
  return {
    issuer,
    tokens: createManagementTokens({ ...credentials, audience, ...common }),
    offsets,
    take,
    fetch,
    longestSessionMs: session.absoluteTimeout,
    onFailure: (detail, err) => logger.warn({ detail, err }, 'Auth0’s events cannot be read; will retry'),
    now,
  }
}

function offsetsOf({ offsetFile }: PullConfig, redis: Redis | undefined): Offsets | undefined {
  if (redis !== undefined) return createSharedOffsets(redis)
  return offsetFile === undefined ? undefined : createFileOffsets(offsetFile)
}

function startAlone(pull: EventPull): () => Promise<void> {
  const stop = new AbortController()
  const running = pull.run(stop.signal)
  return async () => {
    stop.abort()
    await running
  }
}

/** Auth0 allows few connections (one on a Free plan), so one replica reads for all. */
function startWithOthers(pull: EventPull, redis: Redis, { randomBytes }: Dependencies): () => Promise<void> {
  const owner = randomBytes(16).toString('base64url')
  const leadership = createLeadership({ redis, name: 'events', owner, work: pull.run })
  return () => leadership.close()
}

function conditionOf(pull: EventPull): Condition {
  const trouble = 'Auth0’s events cannot be read: blocks and lost roles take effect at the next refresh'
  return condition('auth0-events', pull.status() === 'failing' ? trouble : undefined)
}

/** Records the outcome of fetched events. Without a request, no request hook records it. */
function recording(take: TakeEvent, trail: Pick<Trail, 'write'>): TakeEvent {
  return async (event) => {
    const outcome = await take(event)
    if (outcome === 'revoked') trail.write({ event: 'revocation', channel: event.type, target: targetOf(event) })
    return outcome
  }
}

/** The tokens, tenant and stream that the webhook for Auth0's events accepts. */
export function webhookOf({ auth0: { events } }: Config) {
  const { tokens = [], tenant, stream } = events?.webhook ?? {}
  return { tokens: tokens.map((token) => token.reveal()), source: { tenant, stream } }
}
