// This folder: one connection to Redis or Valkey.

import { createClient } from '@redis/client'

/** A server as it is asked for: `redis://` in the clear, `rediss://` over TLS. */
export type RedisNode = { host: string; port: number; isTls: boolean }

const defaultPort = 6379

/** Reads `redis://host:port` or `rediss://host:port`; IPv6 addresses lose their brackets. */
export function parseNode(url: string): RedisNode {
  const { protocol, hostname, port } = new URL(url)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? defaultPort : Number(port),
    isTls: protocol === 'rediss:',
  }
}

/** The way to find the server that takes our commands. */
export type RedisTopology =
  | { kind: 'single'; node: RedisNode }
  /** The sentinels know which server is the primary of this name. */
  | { kind: 'sentinel'; primary: string; nodes: readonly RedisNode[] }
  /** Any of these nodes knows which of them holds our slot. */
  | { kind: 'cluster'; nodes: readonly RedisNode[] }

export type RedisSettings = {
  topology: RedisTopology
  username?: string | undefined
  password?: string | undefined
  database?: number | undefined
  /** PEM texts. Without `ca` the system's authorities count. */
  tls?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined } | undefined
  /** How long connecting, and any one command, may take. */
  timeoutMs: number
}

/** One connection of @redis/client, RESP3. It never reconnects by itself: the server may be another one by then. */
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
  if (!isTls) return common
  const { ca, cert, key } = tls ?? {}
  return {
    ...common,
    tls: true as const,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}
