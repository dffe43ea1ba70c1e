import { setTimeout as delay } from 'node:timers/promises'

/** How long clients have to come back once more on a connection, and hear that it is the last time. */
const maxFarewellMs = 1_000
const lookEveryMs = 20
const cutEveryMs = 250

/** How long a connection may idle whose last answer could not say `Connection: close`. */
const lastKeepAliveMs = 1_000

export type Leaving = {
  app: { close(): Promise<void>; server: { keepAliveTimeout: number } }
  overload: {
    /** Has each answer say that it is the last on its connection. */
    stopKeepAlive(): void
    openConnections(): number
  }
  /** Ends what would never end by itself. */
  closeLongLived: () => void
  /** After which the process ends by force. */
  shutdownMs: number
}

/**
 * Closes a server without losing a request. A connection that is cut while it is idle may have a request on its way, which
 * nobody answers: so for a while each answer says `Connection: close` (RFC 9112 §9.6), and only who is idle for longer is cut.
 */
export async function closeGently({ app, overload, closeLongLived, shutdownMs }: Leaving): Promise<void> {
  overload.stopKeepAlive()
  app.server.keepAliveTimeout = lastKeepAliveMs
  const endsAt = performance.now() + Math.min(maxFarewellMs, shutdownMs / 2)
  while (overload.openConnections() > 0 && performance.now() < endsAt) await delay(lookEveryMs)

  // Requests that were under way may have become streams since the app ended those there were.
  const cutting = setInterval(closeLongLived, cutEveryMs)
  await app.close().finally(() => clearInterval(cutting))
}
