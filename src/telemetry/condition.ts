/**
 * The state of one thing that Stagedoor depends on. Only `unavailable` makes readiness answer 503: the process is shutting down, or no
 * worker serves. While a condition is `degraded`, requests still arrive, and what still works is served.
 */
export type Condition = { name: string; status: Status; reason?: string }

const statuses = ['ok', 'degraded', 'unavailable'] as const
type Status = (typeof statuses)[number]

/** @param trouble why the condition is degraded; undefined while it is ok */
export function condition(name: string, trouble: string | undefined): Condition {
  return trouble === undefined ? { name, status: 'ok' } : { name, status: 'degraded', reason: trouble }
}

/** The status of all conditions together: the worst. */
export function worstStatus(conditions: readonly Condition[]): Status {
  return statuses.findLast((status) => conditions.some((one) => one.status === status)) ?? 'ok'
}

/** The worst condition of each name. */
export function worstOfEach(conditions: readonly Condition[]): Condition[] {
  const byName = Map.groupBy(conditions, ({ name }) => name)
  const worstOf = (alike: Condition[]) => alike.filter(({ status }) => status === worstStatus(alike)).slice(0, 1)
  return [...byName.values()].flatMap(worstOf)
}
