import type { ConnectionPool } from './http1/connection-pool.ts'

type AddressHealthOptions = {
  /** How long an address gets no requests after a connection to it could not be opened. */
  coolDownMs: number
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** @param cause why the address fails; undefined when it works again */
  onChange: (cause: Error | undefined) => void
}

/** A single failed probe may be a coincidence. */
const probesUntilDown = 2

export type AddressHealth = ReturnType<typeof createAddressHealth>

/** Tracks the health of one address of an upstream, from requests and probes. */
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
    /** A request is about to go there. After the cool-down one request tries the address; the others avoid it until it has answered. */
    tried(): void {
      if (avoidedUntil !== undefined) avoidedUntil = now() + coolDownMs
    },
    /** No connection could be opened. */
    connectFailed(cause: Error): void {
      avoidedUntil = now() + coolDownMs
      fail(cause)
    },
    /** The address answered a request. */
    answered(): void {
      if (isFailing) recover()
    },
    /** @param cause why the probe failed; undefined if it passed */
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
  /** The number of the lane's requests that are under way at this address. */
  active: number
}

/** Chooses the target of a request. @param avoid the target where the request has just failed */
export type Choose = (avoid: Target | undefined) => Target

/**
 * Chooses the least busy of the usable targets; equally busy ones take turns. If none is usable, another one is tried anyway:
 * that costs less than refusing every request because of a wrong probe.
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
