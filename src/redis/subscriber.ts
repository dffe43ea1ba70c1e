import type { RedisClient } from './client.ts'
import { createLink, type Link } from './link.ts'

export type Unsubscribe = () => void
type Subscription = { channel: string; listener: (message: string) => void; onGap: () => void }

export type Subscriber = {
  subscribe: (channel: string, listener: (message: string) => void, onGap?: () => void) => Unsubscribe
  close: () => void
}

/** Listens on a connection of its own, opened with the first subscription; after a loss it subscribes anew. */
export function createSubscriber(prepare: () => Promise<RedisClient>, timeoutMs: number): Subscriber {
  const subscriptions = new Set<Subscription>()
  let link: Link | undefined
  /** Connected, perhaps not yet subscribed to all. */
  let live: RedisClient | undefined
  let hasBeenLost = false

  const open = (): Link =>
    createLink({
      prepare,
      timeoutMs,
      async greet(client) {
        live = client
        for (const { channel, listener } of subscriptions) await client.subscribe(channel, listener)
      },
      onUp() {
        if (hasBeenLost) for (const { onGap } of subscriptions) onGap()
        hasBeenLost = false
      },
      onDown() {
        live = undefined
        hasBeenLost = true
      },
    })

  return {
    subscribe(channel, listener, onGap = () => undefined) {
      const subscription = { channel, listener, onGap }
      subscriptions.add(subscription)
      // A failure drops the connection, and the next one subscribes to all.
      live?.subscribe(channel, listener).catch((cause: unknown) => link?.drop(cause))
      if (link === undefined) {
        link = open()
        link.start()
      }
      return () => {
        subscriptions.delete(subscription)
        live?.unsubscribe(channel, listener).catch((cause: unknown) => link?.drop(cause))
      }
    },
    close: () => link?.close(),
  }
}
