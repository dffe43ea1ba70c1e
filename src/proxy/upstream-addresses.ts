import type { ConnectionPool } from './http1/connection-pool.ts'

type AddressHealthOptions = {
  /** How long requests stay away after a connection could not be opened. */
  coolDownMs: number
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** @param cause undefined where the address is well again */
  onChange: (cause: Error | undefined) => void
}

/** A single failed probe may be chance. */
const probesUntilDown = 2

export type AddressHealth = ReturnType<typeof createAddressHealth>

/** Health of one address of an upstream, learnt from requests and probes. */
export function createAddressHealth({ coolDownMs, now, onChange }: AddressHealthOptions) {
  let isFailing = false
  let isDown = false
  let failedProbes = 0
  let avoidedUntil: number | undefined

  function fail(cause: Error): void {
    if (isFailing) return
    isFailing = true
    onChange(cause)
  }

  function recover(): void {
    avoidedUntil = undefined
    if (!isFailing || isDown) return
    isFailing = false
    onChange(undefined)
  }

  return {
    /** Whether the last request or probe failed. */
    get isFailing(): boolean {
      return isFailing
    },
    /** Whether requests should go there. */
    isUsable: (): boolean => !isDown && (avoidedUntil === undefined || now() >= avoidedUntil),
    /** A request is about to go there. After the cool-down one request tries the address; the others stay away until it is answered. */
    tried(): void {
      if (avoidedUntil !== undefined) avoidedUntil = now() + coolDownMs
    },
    /** No connection could be opened. */
    connectFailed(cause: Error): void {
      avoidedUntil = now() + coolDownMs
      fail(cause)
    },
    /** It answered a request. */
    answered(): void {
      if (isFailing) recover()
    },
    /** @param cause why the probe failed; undefined where it did not */
    probed(cause: Error | undefined): void {
      failedProbes = cause === undefined ? 0 : failedProbes + 1
      isDown = failedProbes >= probesUntilDown
      if (cause === undefined) recover()
      else if (isDown) fail(cause)
    },
  }
}

/** One address of an upstream, as a target for the requests of one lane. */
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
