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
