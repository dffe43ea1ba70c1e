import type { Keys } from '../assertion/keys.ts'
import { createTakeEvent } from '../auth0-events/event.ts'
import { defaultUpstream } from '../config/default-upstream.ts'
import { shownOptions } from '../config/origins.ts'
import { printable } from '../config/printable.ts'
import type { Config } from '../config/schema.ts'
import { secretFingerprints } from '../config/secret-fingerprints.ts'
import { placesOf } from '../policy/reach.ts'
import { redisCounter } from '../rate-limit/redis-store.ts'
import { createOnce } from '../revocation/once.ts'
import type { Revocations } from '../revocation/revocations.ts'
import { createRandomHex } from '../seal/random.ts'
import { countLoginServiceCalls, countRevocationDelays, showKeyAges, showTrail } from '../telemetry/audit-metrics.ts'
import type { Condition } from '../telemetry/condition.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { showRefreshes } from '../telemetry/refresh-metrics.ts'
import { keysCondition, provisionAssertion, provisionKeys } from './assertion.ts'
import { provisionAudit } from './audit.ts'
import { provisionEvents, recording, webhookOf } from './auth0-events.ts'
import { provisionCertificate } from './certificate.ts'
import type { Dependencies } from './dependencies.ts'
import { backchannelParty, providerCondition, provisionProvider, relyingParty } from './login-service.ts'
import { provisionMachines } from './machines.ts'
import { provisionTracing } from './otlp.ts'
import { provisionOverload } from './overload.ts'
import { claimNamesOf, createIsPortalOpen, provisionPolicy } from './policy.ts'
import { provisionRedis, redisCondition } from './redis.ts'
import { requestLineOf } from './request-line.ts'
import { provisionBus, provisionRevocation, revocationCondition } from './revocation.ts'
import { provisionRoleChanges } from './role-changes.ts'
import { provisionSessions, refreshCondition } from './sessions.ts'
import { sessionLimits } from './settings.ts'
import { createClaimReport } from './unusable-claims.ts'
import { provisionUpstreams, upstreamConditions } from './upstreams.ts'

export type { Dependencies } from './dependencies.ts'

/** The options of every plugin that `app.ts` registers, by the name of the plugin. */
export type Parts = Awaited<ReturnType<typeof provision>>

/**
 * This folder turns configuration into what the stages need. Everything that reads files, opens connections or starts
 * timers begins here.
 */
export async function provision(config: Config, dependencies: Dependencies) {
  const opened = await open(config, dependencies)
  return {
    ...pathOptions(config, dependencies, opened),
    ...endpointOptions(config, dependencies, opened),
    ...aroundOptions(config, dependencies, opened),
    certificate: opened.certificate,
    overload: opened.overload,
    refreshes: opened.sessions.counters,
    secrets: secretFingerprints(config),
    close: () => closeAll(opened),
  }
}

type Opened = Awaited<ReturnType<typeof open>>

/** Each step takes what the steps before it have made. */
async function open(config: Config, given: Dependencies) {
  const redis = await provisionRedis(config, given.logger)
  const audit = await provisionAudit(config, given, redis)
  const { trail } = audit
  const metrics = createMetrics()
  const dependencies = { ...given, trail, fetch: countedFetch(config, given, metrics) }
  const { logger, now } = dependencies
  const onUnusable = createClaimReport(logger, metrics)
  const policy = provisionPolicy(config)
  const provider = provisionProvider(config, dependencies)
  const bus = provisionBus(config, dependencies, redis)
  const [keys, machines, certificate, revocation] = await Promise.all([
    provisionKeys('assertion', config, dependencies, redis),
    provisionMachines(config, { ...dependencies, onUnusable }, { decide: policy.decide, redis }),
    provisionCertificate(config, logger),
    provisionRevocation(config, dependencies, { bus, decide: policy.decide }),
  ])
  const { revocations } = revocation
  const once = createOnce(now, redis)
  const take = createTakeEvent({ issuer: config.auth0.issuer, revocations, once, now })
  const events = provisionEvents(config, dependencies, { redis, take: recording(take, trail) })
  const upstreams = provisionUpstreams(config, logger)
  const assertion = provisionAssertion(config, dependencies, { keys, machineMinterFor: machines.minterFor, metrics })
  const onRightsChanged = provisionRoleChanges(config, dependencies, { upstreams, ...assertion })
  const shared = { onUnusable, provider, redis, bus, revocations, onRightsChanged, trail }
  const sessions = provisionSessions(config, dependencies, shared)
  showRefreshes(metrics.registry, sessions.counters)
  showTrail(metrics.registry, trail)
  showKeyAges(metrics.registry, () => ages(now(), { assertion: keys, machines: machines.keys, audit: audit.jwks.keys }))
  noteRevocationDelays(revocations, now, countRevocationDelays(metrics.registry))
  const overload = provisionOverload(config, logger, metrics)
  const tracing = await provisionTracing(config, dependencies)
  const made = { audit, metrics, policy, provider, redis, keys, machines, certificate, revocation, once, take, events }
  return { ...made, onUnusable, upstreams, assertion, sessions, overload, tracing }
}

/** The stages, in the order of the path. */
function pathOptions({ server }: Config, { now, randomBytes }: Dependencies, opened: Opened) {
  const { sessions, machines, policy, assertion, overload, upstreams, revocation } = opened
  const { baseUrl: publicOrigin, prefix, trustedProxies } = server
  const forwardAuthPath = `${prefix}/auth`
  return {
    boundary: {
      trustedProxies,
      transportSecurity: transportSecurity(server),
      prefix,
      loopMark: publicOrigin,
      forwardAuthPath,
      probePath: `${prefix}/health/`,
      randomHex: createRandomHex(randomBytes),
    },
    session: sessions.stage,
    bearer: machines.bearer,
    policy: { policy, now },
    assertion,
    forwardAuth: { path: forwardAuthPath, publicOrigin },
    proxy: { overload, upstreams, publicOrigin, openConnections: revocation.openConnections },
  }
}

function transportSecurity({ tls }: Config['server']): string | undefined {
  if (tls?.hsts === undefined) return undefined
  const { maxAge, includeSubDomains } = tls.hsts
  return `max-age=${Math.floor(maxAge / 1000)}${includeSubDomains ? '; includeSubDomains' : ''}`
}

/** The endpoints under the prefix. */
function endpointOptions(config: Config, dependencies: Dependencies, opened: Opened) {
  const { audit, provider, policy, revocation, machines, keys, once, take } = opened
  const { seen, revocations } = revocation
  const { baseUrl, prefix } = config.server
  const { issuer } = config.auth0
  return {
    oidc: {
      party: relyingParty(config, dependencies, { provider, revocations, policy, once, onUnusable: opened.onUnusable }),
    },
    backchannel: { party: backchannelParty(config, dependencies, { provider, once, revocations }) },
    events: { ...webhookOf(config), take },
    account: {
      ownPrefix: prefix,
      baseUrl,
      limits: sessionLimits(config),
      tokenFacts: machines.tokenFacts,
      places: placesOf(config, defaultUpstream(config.upstreams) ?? 'backstage'),
      policy,
      sessions: { seen, revocations },
      now: dependencies.now,
    },
    admin: {
      base: `${prefix}/admin`,
      recent: audit.recent,
      examine: audit.examine,
      conditions: () => conditionsOf(opened),
      configuration: () => ({ configuration: printable(config), options: shownOptions(config, dependencies.origins) }),
      policy,
      claimNames: claimNamesOf(config),
      keys: new Map([
        ['assertion', keys],
        ['machine', machines.keys],
      ]),
      seen,
      revocations,
      baseUrl,
      issuer,
      now: dependencies.now,
    },
    protectedResource: machines.protectedResource,
    jwks: { keys, path: '/jwks.json' },
    machineJwks: { keys: machines.keys, path: '/machines/jwks.json' },
    auditJwks: audit.jwks,
    health: { conditions: () => conditionsOf(opened) },
  }
}

/** What works around all of them. */
function aroundOptions(config: Config, dependencies: Dependencies, opened: Opened) {
  const { server, auth0, pages } = config
  const { now } = dependencies
  const { audit, machines, metrics, redis, tracing, policy } = opened
  const { prefix, baseUrl, failedAttempts } = server
  const counter = redis && redisCounter(redis)
  return {
    pages: { look: pages },
    errors: {
      prefix,
      baseUrl,
      providerOrigin: new URL(auth0.issuer).origin,
      challenge: machines.challenge,
      isPortalOpen: createIsPortalOpen(policy, now),
    },
    failureLimit: { max: failedAttempts.max, windowMs: failedAttempts.window, counter },
    audit: audit.stage,
    requestLine: requestLineOf(config, dependencies),
    telemetry: { metrics },
    tracing: { tracing },
  }
}

function countedFetch({ auth0 }: Config, { fetch }: Dependencies, { registry }: Metrics): Dependencies['fetch'] {
  const send = fetch as typeof globalThis.fetch
  return countLoginServiceCalls(registry, new URL(auth0.issuer).origin, send) as Dependencies['fetch']
}

function ages(now: number, keys: Record<string, Pick<Keys, 'rotatedAt'>>): Record<string, number> {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, now - key.rotatedAt()]))
}

/** A mark with a time has the time of its event; marks of single sessions have none. */
function noteRevocationDelays(revocations: Revocations, now: () => number, note: (delayMs: number) => void): void {
  revocations.onChange((news) => {
    for (const { kind, at } of news) if (kind !== 'session') note(now() - at)
  })
}

/** Everything that the readiness probe reports. */
function conditionsOf(opened: Opened): Condition[] {
  const { provider, sessions, redis, revocation, keys, events, audit, machines, upstreams } = opened
  const shared = redis ? [redisCondition(redis), revocationCondition(revocation.revocations), keysCondition(keys)] : []
  return [
    providerCondition(provider),
    refreshCondition(sessions.counters),
    ...shared,
    ...events.conditions(),
    ...audit.conditions(),
    ...machines.conditions(),
    ...upstreamConditions(upstreams),
  ]
}

async function closeAll(opened: Opened): Promise<void> {
  const { audit, events, sessions, revocation, redis, provider, keys, machines, overload, certificate, tracing } =
    opened
  await events.close()
  await sessions.close()
  revocation.close()
  redis?.close()
  provider.close()
  keys.close()
  machines.close()
  overload.close()
  certificate?.close()
  await tracing?.close()
  // Last, because what closes may still record something.
  await audit.close()
}
