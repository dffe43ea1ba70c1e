import type { OnUnusable, UnusableClaim } from '../oidc/claim-values.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Patterns in configuration can mean any number of claims. */
const maxClaims = 100

/** Names each claim that cannot be used in the log, once in the life of the process, and counts every time. */
export function createClaimReport(logger: Logger, metrics: Pick<Metrics, 'claimUnusable'>): OnUnusable {
  const named = new Set<string>()
  return (unusable) => {
    const key = keyOf(unusable)
    const isNew = !named.has(key)
    if (isNew && named.size >= maxClaims) return metrics.claimUnusable('other')
    metrics.claimUnusable(unusable.claim)
    if (!isNew) return
    named.add(key)
    logger.warn(unusable, 'a claim cannot be used and is left out; stagedoor token verify shows it for one token')
  }
}

function keyOf({ claim, found }: UnusableClaim): string {
  return `${claim} ${found}`
}
