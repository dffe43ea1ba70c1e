import type { AddressHealth } from './address-health.ts'
import type { ConnectionPool } from './http1/connection-pool.ts'

/** Where requests of one lane can go: one address of the upstream. */
export type Target = {
  readonly connections: Pick<ConnectionPool, 'dispatch'>
  readonly health: AddressHealth
  /** Requests of the lane under way there. */
  active: number
}

/** Chooses where a request goes. @param avoid where it failed just now */
export type Choose = (avoid: Target | undefined) => Target

/**
 * The least busy of the usable targets; of equals they take turns. Where none is usable any other is tried: that costs
 * less than refusing everybody on a mistaken probe.
 */
export function createChooser(targets: readonly [Target, ...Target[]]): Choose {
  const [first, ...others] = targets
  if (others.length === 0) return () => first
  let turn = 0

  return (avoid) => {
    turn = (turn + 1) % targets.length
    let best: Target | undefined
    let lastResort: Target = first
    for (let i = targets.length - 1; i >= 0; i--) {
      const target = targets[(turn + i) % targets.length] as Target
      if (target === avoid) continue
      lastResort = target
      if (target.health.isUsable() && (best === undefined || target.active <= best.active)) best = target
    }
    const chosen = best ?? lastResort
    chosen.health.tried()
    return chosen
  }
}
