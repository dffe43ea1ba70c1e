import { setTimeout as delay } from 'node:timers/promises'

/** The interval between checks, and the time limit. */
export type Patience = { everyMs: number; limitMs: number }

/**
 * Resolves to true when `holds` has returned true for `settleMs` without interruption; to false when the limit is reached first.
 * Auth0 takes up to 30 s to propagate a change, and either secret may work meanwhile, so one good answer proves nothing.
 */
export async function settles(holds: () => Promise<boolean>, settleMs: number, patience: Patience): Promise<boolean> {
  const endsAt = performance.now() + patience.limitMs
  let heldSince: number | undefined
  for (;;) {
    if (await holds()) heldSince ??= performance.now()
    else heldSince = undefined
    if (heldSince !== undefined && performance.now() - heldSince >= settleMs) return true
    if (performance.now() > endsAt) return false
    await delay(patience.everyMs)
  }
}
