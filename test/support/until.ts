import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that a busy machine needs at worst. Only a test that hangs waits for this long. */
export const patienceMs = 120_000

/**
 * Resolves once the condition holds.
 *
 * @param everyMs time between two checks; more for expensive checks
 * @param found returns the actual state, for the error message
 * @throws Error with the condition's source when it does not hold within two minutes
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  everyMs = 10,
  found?: () => object,
): Promise<void> {
  const endsAt = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > endsAt) {
      const instead = found === undefined ? '' : `, but ${JSON.stringify(found())}`
      throw new Error(`not true within ${patienceMs / 1_000} s: ${String(condition)}${instead}`)
    }
    await delay(everyMs)
  }
}

/**
 * Resolves once a count has reached its goal. There is no time limit while the count grows.
 *
 * @throws Error with the count's source when it does not grow for two minutes
 */
export async function untilCounted(count: () => number, goal: number, everyMs = 10): Promise<void> {
  for (let last = count(); last < goal; last = count()) await until(() => count() > last, everyMs)
}
