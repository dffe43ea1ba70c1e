// Apart from the client, which takes 20 MiB when it is loaded.

import { hostOf } from '../config/values/addresses.ts'

/** A server as it is asked for: `redis://` in the clear, `rediss://` over TLS. */
export type RedisNode = { host: string; port: number; isTls: boolean }

const defaultPort = 6379

/** Reads `redis://host:port` or `rediss://host:port`; IPv6 addresses lose their brackets. */
export function parseNode(url: string): RedisNode {
  const parsed = new URL(url)
  return {
    host: hostOf(parsed),
    port: parsed.port === '' ? defaultPort : Number(parsed.port),
    isTls: parsed.protocol === 'rediss:',
  }
}

/** The way to find the server that takes our commands. */
type RedisTopology =
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
