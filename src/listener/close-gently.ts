import { setTimeout as delay } from 'node:timers/promises'

import type { Listener } from './listener.ts'

/** How long clients have to send one more request on a connection. Its answer says that it is the last one. */
const maxFarewellMs = 1_000
const lookEveryMs = 20
const cutEveryMs = 250

/** The keep-alive timeout of connections whose last answer did not say `Connection: close`. */
const lastKeepAliveMs = 1_000

type Leaving = {
  listener: Pick<Listener, 'stopKeepAlive' | 'close'>
  overload: {
    openConnections(): number
  }
  /** Closes connections that would never end by themselves. */
  closeLongLived: () => void
  /** How long to continue accepting requests, so that load balancers notice the shutdown. */
  drainMs: number
  /** The time after which the process ends by force. */
  shutdownMs: number
}

/**
 * Closes a server without losing a request. A request may be on its way on an idle connection, and would be lost if the
 * connection were cut. So each answer says `Connection: close` for a while (RFC 9112 §9.6), and only connections that stay
 * idle longer are cut. A load balancer may use an idle connection until its probe has failed; `drainMs` covers that time.
 */
export async function closeGently({ listener, overload, closeLongLived, drainMs, shutdownMs }: Leaving): Promise<void> {
  listener.stopKeepAlive(lastKeepAliveMs)
  if (drainMs > 0) await delay(drainMs)
  await untilNone(() => overload.openConnections(), Math.min(maxFarewellMs, (shutdownMs - drainMs) / 2))

  closeLongLived()
  // Requests that were under way may have become streams meanwhile.
  const cutting = setInterval(closeLongLived, cutEveryMs)
  await listener.close().finally(() => clearInterval(cutting))
  // The server closes shortly before its last connections emit `close`. Wait for them, because cut requests are recorded then.
  await untilNone(() => overload.openConnections(), maxFarewellMs)
}

async function untilNone(count: () => number, maxMs: number): Promise<void> {
  const endsAt = performance.now() + maxMs
  while (count() > 0 && performance.now() < endsAt) await delay(lookEveryMs)
}
