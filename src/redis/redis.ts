import { EventEmitter } from 'node:events'

import { ErrorReply } from '@redis/client'

import { createRedisClient, type RedisClient } from './client.ts'
import { clusterPrefix, createRedisKeys, plainPrefix, type RedisKeys } from './keys.ts'
import { createLink } from './link.ts'
import { locate } from './locate.ts'
import { runScript, type Script } from './script.ts'
import type { RedisSettings } from './settings.ts'
import { slotOf } from './slot.ts'
import { createSubscriber, type Unsubscribe } from './subscriber.ts'
import { isMisplaced, isTransientReply, RedisUnavailable } from './unavailable.ts'

export type RedisEvents = {
  /** Connected, for the first time or again. */
  ready: []
  /** The connection is gone, or could not be made; emitted once until `ready`. Anything may have been missed since. */
  lost: [cause: unknown]
  /** These keys under `tracked` were changed or removed, by whomever; nothing given: any of them may have been. */
  invalidated: [keys: readonly string[] | undefined]
}

/** One Redis or Valkey: commands on one connection, messages on another; both come back by themselves. */
export type Redis = {
  keys: RedisKeys
  events: EventEmitter<RedisEvents>
  isReady(): boolean
  /** @throws RedisUnavailable at once while disconnected, and within about two timeouts when no answer comes */
  send(...command: string[]): Promise<unknown>
  /** @throws RedisUnavailable like `send` */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** To every subscriber that is connected now. @throws RedisUnavailable like `send` */
  publish(channel: string, message: string): Promise<void>
  /** @param onGap called after a lost connection is back: messages may have been missed */
  subscribe(channel: string, listener: (message: string) => void, onGap?: () => void): Unsubscribe
  /** Resolves after the first attempt to connect, well or badly ended. */
  attempted(): Promise<void>
  close(): void
}

/** @param tracked name under the prefix, e.g. `session:`, whose changes are told as `invalidated` */
export function createRedis(settings: RedisSettings, tracked: string): Redis {
  const prefix = settings.topology.kind === 'cluster' ? clusterPrefix : plainPrefix
  const events = new EventEmitter<RedisEvents>()
  // Everybody who waits for a change listens for a moment.
  events.setMaxListeners(0)
  const slot = slotOf('stagedoor')
  const { timeoutMs } = settings
  let isLost = false
  const firstAttempt = Promise.withResolvers<void>()

  const link = createLink({
    timeoutMs,
    prepare: async () => createRedisClient(await locate(settings, slot), settings, true),
    async greet(client) {
      await track(client, `${prefix}${tracked}`)
      client.on('invalidate', (key: Buffer | string | null) => {
        events.emit('invalidated', key === null ? undefined : [key.toString()])
      })
    },
    onUp() {
      isLost = false
      events.emit('ready')
      firstAttempt.resolve()
    },
    onDown(cause) {
      if (!isLost) events.emit('lost', cause)
      isLost = true
      firstAttempt.resolve()
    },
  })
  const subscriber = createSubscriber(async () => createRedisClient(await locate(settings, slot), settings), timeoutMs)
  link.start()

  async function send(command: string[]): Promise<unknown> {
    const client = link.client()
    if (client === undefined) throw new RedisUnavailable('not connected to Redis')
    try {
      return await client.sendCommand(command)
    } catch (cause) {
      if (isMisplaced(cause)) link.drop(cause)
      if (cause instanceof ErrorReply && !isTransientReply(cause)) throw cause
      throw new RedisUnavailable('Redis did not answer', { cause })
    }
  }

  return {
    keys: createRedisKeys(prefix),
    events,
    isReady: () => link.client() !== undefined,
    send: (...command) => send(command),
    run: (script, keys, args) => runScript(send, script, keys, args),
    publish: async (channel, message) => void (await send(['PUBLISH', channel, message])),
    subscribe: subscriber.subscribe,
    attempted: () => firstAttempt.promise,
    close() {
      link.close()
      subscriber.close()
    },
  }
}

/**
 * Broadcasting mode: told of every change under the prefix, read before or not. Of our own, too: `NOLOOP` does not see
 * who runs a script.
 */
async function track(client: RedisClient, prefix: string): Promise<void> {
  // The client library switches the other mode on when it connects; the server wants it off first.
  await client.sendCommand(['CLIENT', 'TRACKING', 'OFF'])
  await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', prefix])
}
