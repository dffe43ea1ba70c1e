import { EventEmitter } from 'node:events'

import t from 'tap'

import type { RedisClient } from '../../src/redis/client.ts'
import { createSubscriber } from '../../src/redis/subscriber.ts'

t.test('a subscription that fails, either way, is mended by the next connection', async (t) => {
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const clients: { subscribed: Set<string>; isRefusing: boolean }[] = []
  const prepare = async () => {
    const client = Object.assign(new EventEmitter(), {
      subscribed: new Set<string>(),
      isRefusing: false,
      isOpen: true,
      connect: async () => undefined,
      ping: async () => 'PONG',
      destroy: () => undefined,
      async subscribe(channel: string) {
        if (client.isRefusing) throw new Error('refused')
        client.subscribed.add(channel)
      },
      async unsubscribe() {
        throw new Error('refused')
      },
    })
    clients.push(client)
    return client as unknown as RedisClient
  }
  const subscriber = createSubscriber(prepare, 1_000)
  t.teardown(() => subscriber.close())
  const has = async (count: number, ...channels: string[]) => {
    const isSo = () => clients.length === count && channels.every((channel) => clients.at(-1)?.subscribed.has(channel))
    while (!isSo()) await new Promise((next) => setImmediate(next))
  }

  subscriber.subscribe('a', () => undefined)
  await has(1, 'a')
  const [first] = clients
  if (first !== undefined) first.isRefusing = true
  // Once the connection counts as up, and not a turn before.
  await new Promise((next) => setImmediate(next))
  const stop = subscriber.subscribe('b', () => undefined)
  await has(2, 'a', 'b')
  await new Promise((next) => setImmediate(next))
  stop()
  await has(3, 'a')
  t.notOk(clients[2]?.subscribed.has('b'))
})

t.test('a subscriber that nobody used has nothing to close', async (t) => {
  const subscriber = createSubscriber(() => Promise.reject(new Error('never asked')), 1_000)
  subscriber.close()
  t.pass()
})
