import { createRedisClient } from './client.ts'
import { within } from './link.ts'
import { RedisUnavailable } from './replies.ts'
import type { RedisNode, RedisSettings } from './settings.ts'

/** Sends one command to one node. */
export type SendTo = (node: RedisNode, command: string[]) => Promise<unknown>

/**
 * The server to connect to now: the only one, the primary that the sentinels name (Redis Sentinel, "Guidelines for clients"), or
 * the primary of our slot in a cluster. Nodes are asked in turn; the first answer counts.
 * @throws RedisUnavailable when no node answers
 */
export async function locate(settings: RedisSettings, send: SendTo = sendOnce(settings)): Promise<RedisNode> {
  const { topology } = settings
  if (topology.kind === 'single') return topology.node
  const causes: unknown[] = []
  for (const node of topology.nodes) {
    try {
      const found =
        topology.kind === 'sentinel'
          ? primaryIn(await send(node, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', topology.primary]), node)
          : holderIn(await send(node, ['CLUSTER', 'SLOTS']), node)
      if (found !== undefined) return found
    } catch (cause) {
      causes.push(cause)
    }
  }
  throw new RedisUnavailable(`none of the ${topology.kind} nodes knows where to go`, {
    cause: new AggregateError(causes),
  })
}

function primaryIn(reply: unknown, { isTls }: RedisNode): RedisNode | undefined {
  if (!Array.isArray(reply)) return undefined
  const [host, port] = reply
  return { host: String(host), port: Number(port), isTls }
}

/** The hash slot of all our keys in a cluster: `CLUSTER KEYSLOT {stagedoor}`, the hash tag of each key (`keys.ts`). */
export const ourSlot = 16_111

/** Each row has the first slot, the last slot, then the nodes, primary first. An empty host means the node that was asked. */
function holderIn(reply: unknown, asked: RedisNode): RedisNode | undefined {
  if (!Array.isArray(reply)) return undefined
  const row: unknown = reply.find((row) => Array.isArray(row) && Number(row[0]) <= ourSlot && ourSlot <= Number(row[1]))
  const primary: unknown = Array.isArray(row) ? row[2] : undefined
  if (!Array.isArray(primary)) return undefined
  const [host, port] = primary
  return { host: host ? String(host) : asked.host, port: Number(port), isTls: asked.isTls }
}

function sendOnce(settings: RedisSettings): SendTo {
  // Sentinels have their own users and databases; do not send them the password of a data node.
  const { topology, username, password, tls, timeoutMs } = settings
  const credentials = topology.kind === 'cluster' ? { username, password } : {}
  return async (node, command) => {
    const client = createRedisClient(node, { topology, tls, timeoutMs, ...credentials })
    client.on('error', () => undefined)
    try {
      const answer = client.connect().then(() => client.sendCommand(command))
      return await within(timeoutMs * 2, answer)
    } finally {
      client.destroy()
    }
  }
}
