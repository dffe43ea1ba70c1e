import { setTimeout as delay } from 'node:timers/promises'

/** What a machine that does much else at the same time needs at worst; only a test that hangs waits for so long. */
export const patienceMs = 120_000

const pollEveryMs = 10

/** Resolves once the condition holds. @throws Error with the condition's source after two minutes */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`not true within ${patienceMs / 1_000} s: ${condition}`)
    await delay(pollEveryMs)
  }
}
