/** How long an unknown key id is remembered. After that it is looked up again, in case the key was published. */
const rememberedMs = 30_000
const maxRemembered = 1_000
/** An unknown id may belong to a new key. Made-up ids cause at most one fetch in this time. */
const askEveryMs = 10_000

/** Bounds what unknown key ids can make us do: one request to the issuer in ten seconds, however many there are. */
export type UnknownKeys = {
  isKnownToBeUnknown(kid: string): boolean
  /** Whether the issuer may be asked now; true at most once in ten seconds. */
  mayAsk(): boolean
  remember(kid: string): void
}

/** @param now milliseconds since the epoch */
export function createUnknownKeys(now: () => number): UnknownKeys {
  const until = new Map<string, number>()
  let lastAskedAt = -Infinity

  return {
    isKnownToBeUnknown: (kid) => (until.get(kid) ?? -Infinity) > now(),
    mayAsk() {
      if (now() - lastAskedAt < askEveryMs) return false
      lastAskedAt = now()
      return true
    },
    remember(kid) {
      until.delete(kid)
      until.set(kid, now() + rememberedMs)
      if (until.size > maxRemembered) until.delete(until.keys().next().value as string)
    },
  }
}
