import type { Condition } from '../telemetry/condition.ts'
import { keysCondition } from './assertion.ts'
import { certificateCondition } from './certificate.ts'
import { providerCondition } from './login-service.ts'
import type { MadeParts } from './make-parts.ts'
import { redisCondition } from './redis.ts'
import { revocationCondition } from './revocation.ts'
import { refreshCondition } from './sessions.ts'
import { upstreamConditions } from './upstreams.ts'

/** Everything that the readiness probe reports. */
export function conditionsOf(parts: MadeParts): Condition[] {
  const { lastReload, provider, figures, redis, revocation, keys, events, audit, machines, upstreams } = parts
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
    lastReload.condition(),
  ]
}
