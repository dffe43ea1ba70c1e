// This folder: one connection to Redis or Valkey.

import { createClient } from '@redis/client'

import type { RedisNode, RedisSettings } from './settings.ts'

/** One connection of @redis/client with RESP3. It never reconnects by itself: another server may be the primary by then. */
export type RedisClient = ReturnType<typeof createRedisClient>

const maxQueued = 10_000

export function createRedisClient(node: RedisNode, settings: RedisSettings) {
  const { username, password, database, timeoutMs, tls } = settings
  return createClient({
    RESP: 3,
    name: 'stagedoor',
    socket: socketOptions(node, timeoutMs, tls),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueued,
    maintNotifications: 'disabled',
  })
}

function socketOptions({ host, port, isTls }: RedisNode, connectTimeout: number, tls: RedisSettings['tls']) {
  const common = { host, port, connectTimeout, reconnectStrategy: false } as const
  return isTls ? { ...common, tls: true as const, ...tls } : common
}
