import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** How long clients have to send one more request on a connection, whose answer says that it is the last. */
const maxFarewellMs = 1_000
const lookEveryMs = 20
const cutEveryMs = 250

/** How long a connection may idle whose last answer could not say `Connection: close`. */
const lastKeepAliveMs = 1_000

export type Leaving = {
  app: { close(): Promise<void>; server: Server }
  overload: {
    openConnections(): number
  }
  /** Ends what would never end by itself. */
  closeLongLived: () => void
  /** After which the process ends by force. */
  shutdownMs: number
}

/**
 * Closes a server without losing a request. A request may be on its way on an idle connection, and would be lost if the
 * connection were cut. So each answer says `Connection: close` for a while (RFC 9112 §9.6), and only connections that stay
 * idle longer are cut.
 */
export async function closeGently({ app, overload, closeLongLived, shutdownMs }: Leaving): Promise<void> {
  app.server.prependListener('request', (_request, response) => (response.shouldKeepAlive = false))
  app.server.keepAliveTimeout = lastKeepAliveMs
  const endsAt = performance.now() + Math.min(maxFarewellMs, shutdownMs / 2)
  while (overload.openConnections() > 0 && performance.now() < endsAt) await delay(lookEveryMs)

  // Requests that were under way may have become streams since the app ended those there were.
  const cutting = setInterval(closeLongLived, cutEveryMs)
  await app.close().finally(() => clearInterval(cutting))
}
