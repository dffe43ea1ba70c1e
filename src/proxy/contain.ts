/** Ways into an exchange from sockets, timers and the ends of other requests. */
const entries = [
  'admit',
  'refuse',
  'close',
  'onCarrier',
  'onSend',
  'onAnswer',
  'onInterim',
  'onHead',
  'onData',
  'onEnd',
  'onUpgrade',
  'onFailure',
  'onClientClose',
] as const

type Exchange = Record<(typeof entries)[number], (...given: never[]) => void> & { collapse(error: unknown): void }

/** Has an error behind any of these ways end the exchange that it happened in, and nothing else. */
export function containErrors(prototype: Exchange): void {
  for (const name of entries) {
    const method = prototype[name] as (...given: unknown[]) => void
    prototype[name] = function contained(this: Exchange, ...given: unknown[]): void {
      try {
        method.apply(this, given)
      } catch (error) {
        collapse(this, error)
      }
    }
  }
}

function collapse(exchange: Exchange, error: unknown): void {
  try {
    exchange.collapse(error)
  } catch {
    // What fails while it collapses came of the first error, which is logged.
  }
}
