/** How one address of an upstream is, by what requests and probes met there. */
export type AddressHealth = {
  /** Whether something failed there last. */
  readonly isFailing: boolean
  /** Whether requests should go there. */
  isUsable(): boolean
  /** A request is about to go there. After a cool-down one request finds out, and the others stay away until it has. */
  tried(): void
  /** No connection could be opened. */
  connectFailed(cause: Error): void
  /** It answered a request. */
  answered(): void
  /** @param cause why the probe failed; undefined where it did not */
  probed(cause: Error | undefined): void
}

export type AddressHealthOptions = {
  /** How long requests stay away after a connection could not be opened. */
  coolDownMs: number
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** @param cause undefined where the address is well again */
  onChange: (cause: Error | undefined) => void
}

/** One lost probe may be chance. */
const probesUntilDown = 2

export function createAddressHealth({ coolDownMs, now, onChange }: AddressHealthOptions): AddressHealth {
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
    get isFailing() {
      return isFailing
    },
    isUsable: () => !isDown && (avoidedUntil === undefined || now() >= avoidedUntil),
    tried() {
      if (avoidedUntil !== undefined) avoidedUntil = now() + coolDownMs
    },
    connectFailed(cause) {
      avoidedUntil = now() + coolDownMs
      fail(cause)
    },
    answered() {
      if (isFailing) recover()
    },
    probed(cause) {
      failedProbes = cause === undefined ? 0 : failedProbes + 1
      isDown = failedProbes >= probesUntilDown
      if (cause === undefined) recover()
      else if (isDown) fail(cause)
    },
  }
}
