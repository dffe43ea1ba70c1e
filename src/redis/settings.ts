// Separate from the client, which takes 20 MiB of memory when it is loaded.

import { hostOf } from '../config/values/addresses.ts'

/** The address of a server: `redis://` without TLS, `rediss://` with TLS. */
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

/** How to find the server for our commands. */
type RedisTopology =
  | { kind: 'single'; node: RedisNode }
  /** The sentinels name the server that is the primary of this name. */
  | { kind: 'sentinel'; primary: string; nodes: readonly RedisNode[] }
  /** Any of these nodes can tell which node holds our slot. */
  | { kind: 'cluster'; nodes: readonly RedisNode[] }

export type RedisSettings = {
  topology: RedisTopology
  username?: string | undefined
  password?: string | undefined
  database?: number | undefined
  /** PEM text. Without `ca`, Node's default certificate authorities apply. */
  tls?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined } | undefined
  /** How long connecting, and any one command, may take. */
  timeoutMs: number
}
