/**
 * The state of one thing that Stagedoor depends on. Only `unavailable` makes readiness 503: the process is shutting down, or none of its
 * workers serves. While a condition is `degraded`, requests still arrive, for what still works.
 */
export type Condition = { name: string; status: Status; reason?: string }

const statuses = ['ok', 'degraded', 'unavailable'] as const
type Status = (typeof statuses)[number]

/** @param trouble why the condition is degraded; undefined while all is well */
export function condition(name: string, trouble: string | undefined): Condition {
  return trouble === undefined ? { name, status: 'ok' } : { name, status: 'degraded', reason: trouble }
}

/** The status of all conditions together: the worst. */
export function worstStatus(conditions: readonly Condition[]): Status {
  return statuses.findLast((status) => conditions.some((one) => one.status === status)) ?? 'ok'
}

/** Of the conditions with the same name, the worst. */
export function worstOfEach(conditions: readonly Condition[]): Condition[] {
  const byName = Map.groupBy(conditions, ({ name }) => name)
  const worstOf = (alike: Condition[]) => alike.filter(({ status }) => status === worstStatus(alike)).slice(0, 1)
  return [...byName.values()].flatMap(worstOf)
}
