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

  /** The connection is opened by the first who listens. */
  function opened(): Link {
    if (link !== undefined) return link
    link = open()
    link.start()
    return link
  }

  return {
    subscribe(channel, listener, onGap = () => undefined) {
      const subscription = { channel, listener, onGap }
      subscriptions.add(subscription)
      const { drop } = opened()
      // A failure drops the connection, and the next one subscribes to all.
      live?.subscribe(channel, listener).catch(drop)
      return () => {
        subscriptions.delete(subscription)
        live?.unsubscribe(channel, listener).catch(drop)
      }
    },
    close: () => link?.close(),
  }
}
