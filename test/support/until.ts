import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds; what a machine that does much else at the same time needs at worst. Only a test that hangs waits for so long. */
export const patienceMs = 120_000

/**
 * Resolves once the condition holds.
 *
 * @param everyMs between two looks; more where a look costs much
 * @param found what there is instead, for the error
 * @throws Error with the condition's source when it does not come to hold in two minutes
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
 * Resolves once a count has come to its goal, however long that takes, as long as it grows.
 *
 * @throws Error with the count's source when it does not grow for two minutes
 */
export async function untilCounted(count: () => number, goal: number, everyMs = 10): Promise<void> {
  for (let last = count(); last < goal; last = count()) await until(() => count() > last, everyMs)
}
