import { configDigest } from '../config/fingerprints.ts'
import type { Config } from '../config/schema.ts'
import { createLocalCounter, redisCounter } from '../failed-attempts/counter-store.ts'
import { createUsedTransactions } from '../oidc/transaction-cookies.ts'
import { createLastReload, type LastReload, showLastReload } from '../process/last-reload.ts'
import { createShutdownState } from '../process/shutdown-state.ts'
import { createUpgradeRequests } from '../proxy/upgrades.ts'
import type { Redis } from '../redis/redis.ts'
import { createSingleUse, type SingleUse } from '../revocation/single-use.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { provisionAssertion, provisionKeys } from './assertion.ts'
import { provisionAudit } from './audit.ts'
import { provisionEvents, provisionEventTaking } from './auth0-events.ts'
import { provisionCertificate } from './certificate.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'
import { provisionProvider } from './login-service.ts'
import { provisionMachines } from './machines.ts'
import { provisionOverload } from './overload.ts'
import { provisionPolicy } from './policy.ts'
import { provisionRedis } from './redis.ts'
import { provisionBus, provisionRevocation } from './revocation.ts'
import { provisionRoleChanges } from './role-changes.ts'
import { provisionSessions } from './sessions.ts'
import { type Figures, provisionFigures, createClaimReport, provisionTracing } from './telemetry.ts'
import { provisionUpstreams } from './upstreams.ts'

export type MadeParts = Awaited<ReturnType<typeof makeParts>>

/** Makes all parts. Each step uses the parts made before it. */
export async function makeParts(config: Config, given: Dependencies, holding: Holding) {
  const redis = await provisionRedis(config, given.logger, holding)
  const audit = await provisionAudit(config, given, { redis, holding })
  const { trail } = audit
  const figures = provisionFigures(given, trail, holding)
  const { metrics, counters } = figures
  const dependencies = { ...given, trail, fetch: countedFetch(config, given, figures) }
  const { logger, now } = dependencies
  const states = provisionStates(now, metrics, holding)
  const onUnusable = holding.part({ name: 'unusable claims', make: () => createClaimReport(logger, metrics) })
  const policy = provisionPolicy(config)
  const provider = provisionProvider(config, dependencies, holding)
  const bus = provisionBus(config, dependencies, redis, holding)
  const news = { bus, decide: policy.decide, onNews: figures.noteRevocations }
  const [keys, machines, certificate, revocation] = await Promise.all([
    provisionKeys('assertion', config, dependencies, redis, holding),
    provisionMachines(config, { ...dependencies, onUnusable }, { decide: policy.decide, redis, holding }),
    provisionCertificate(config, dependencies, holding),
    provisionRevocation(config, dependencies, news, holding),
  ])
  const { revocations } = revocation
  const singleUse = holding.part({ name: 'single use', uses: [redis], make: () => createSingleUse(now, redis) })
  const taking = provisionEventTaking(config, dependencies, { revocations, singleUse, holding })
  const events = provisionEvents(config, dependencies, { redis, take: taking.takeFetched, holding })
  const upstreams = provisionUpstreams(config, logger, holding)
  const assertion = provisionAssertion(config, dependencies, { keys, machineMinterFor: machines.minterFor, metrics })
  const onRightsChanged = provisionRoleChanges(config, dependencies, { upstreams, ...assertion })
  const shared = { onUnusable, provider, redis, bus, revocations, onRightsChanged, trail, counters, holding }
  const sessions = provisionSessions(config, dependencies, shared)
  const overload = provisionOverload(config, logger, metrics, holding)
  const upgrades = holding.part({ name: 'upgrade requests', make: createUpgradeRequests })
  const tracing = await provisionTracing(config, dependencies, holding)
  const ended = provisionLimits({ now, redis, singleUse, holding })
  const digest = configDigest(config)
  holding.onInForce(() => figures.show(digest, { assertion: keys, machines: machines.keys, audit: audit.jwks.keys }))
  const made = { audit, figures, metrics, policy, provider, redis, keys, machines, certificate, revocation, taking }
  const last = { events, onUnusable, upstreams, assertion, sessions, overload, upgrades, tracing, singleUse }
  return { ...made, ...last, ...ended, ...states }
}

/** The state of the process: the result of the last reload, and whether it is shutting down. */
function provisionStates(now: () => number, { registry }: Metrics, holding: Holding) {
  const openLastReload = (): LastReload => {
    const lastReload = createLastReload(now())
    showLastReload(registry, lastReload.current)
    return lastReload
  }
  return {
    lastReload: holding.part({ name: 'last reload', make: openLastReload }),
    shutdown: holding.part({ name: 'shutdown', make: createShutdownState }),
  }
}

type Memories = { now: () => number; redis: Redis | undefined; singleUse: SingleUse; holding: Holding }

/** The memory that limits repetition: failed attempts, and logins that were already completed. */
function provisionLimits({ now, redis, singleUse, holding }: Memories) {
  const local = holding.part({ name: 'failed attempts', make: () => createLocalCounter(now) })
  return {
    counter: redis === undefined ? local : redisCounter(redis),
    used: holding.part({
      name: 'used transactions',
      uses: [singleUse],
      make: () => createUsedTransactions(now, singleUse),
    }),
  }
}

function countedFetch({ auth0 }: Config, { fetch }: Dependencies, { countCalls }: Figures): Dependencies['fetch'] {
  return countCalls(new URL(auth0.issuer).origin, fetch as typeof globalThis.fetch) as Dependencies['fetch']
}
