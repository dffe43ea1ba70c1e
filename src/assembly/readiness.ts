import type { Keys } from '../assertion/keys.ts'
import type { CurrentCertificate } from '../listener/certificate.ts'
import type { Provider } from '../oidc/provider.ts'
import type { LastReading } from '../process/last-reading.ts'
import type { ShutdownState } from '../process/shutdown-state.ts'
import type { Upstream } from '../proxy/upstream-connections.ts'
import type { Redis } from '../redis/redis.ts'
import type { Revocations } from '../revocation/revocations.ts'
import type { RefreshCounters } from '../session/refresh/refresh-once.ts'
import type { Condition } from '../telemetry/metrics.ts'
import { keysCondition } from './assertion.ts'
import { certificateCondition } from './certificate.ts'
import { providerCondition } from './login-service.ts'
import { redisCondition } from './redis.ts'
import { revocationCondition } from './revocation.ts'
import { refreshCondition } from './sessions.ts'
import { upstreamConditions } from './upstreams.ts'

type Several = { conditions: () => Condition[] }

export type ConditionParts = {
  provider: Provider
  figures: { counters: RefreshCounters }
  redis: Redis | undefined
  revocation: { revocations: Revocations }
  keys: Keys
  events: Several
  audit: Several
  certificate: CurrentCertificate | undefined
  machines: Several & { keys: Keys }
  upstreams: ReadonlyMap<string, Upstream>
  reading: LastReading
  shutdown: ShutdownState
}

/** Everything that the readiness probe reports. */
export function conditionsOf(parts: ConditionParts): Condition[] {
  const { reading, provider, figures, redis, revocation, keys, events, audit, machines, upstreams } = parts
  const { certificate, shutdown } = parts
  const shared = redis ? [redisCondition(redis), revocationCondition(revocation.revocations)] : []
  return [
    ...shutdown.conditions(),
    providerCondition(provider),
    refreshCondition(figures.counters),
    ...shared,
    keysCondition('signing-keys', keys, 'requests of signed-in people get 503'),
    keysCondition('machine-keys', machines.keys, 'requests of machines get 503'),
    ...events.conditions(),
    ...audit.conditions(),
    ...(certificate === undefined ? [] : [certificateCondition(certificate)]),
    ...machines.conditions(),
    ...upstreamConditions(upstreams),
    reading.condition(),
  ]
}
