import t from 'tap'

import { type SendTo, locate, ourSlot } from '../../src/redis/locate.ts'
import { RedisUnavailable } from '../../src/redis/replies.ts'
import { parseNode } from '../../src/redis/settings.ts'

const nodes = ['rediss://a:1', 'rediss://b:2'].map(parseNode)
const sentinel = { topology: { kind: 'sentinel' as const, primary: 'main', nodes }, timeoutMs: 1 }
const cluster = { topology: { kind: 'cluster' as const, nodes }, timeoutMs: 1 }
const answering =
  (replies: Record<string, unknown>): SendTo =>
  async ({ host }) => {
    if (replies[host] instanceof Error) throw replies[host]
    return replies[host]
  }

t.test('a single server is located at its own address', async (t) => {
  const node = parseNode('redis://redis')
  t.same(node, { host: 'redis', port: 6379, isTls: false })
  t.same(await locate({ topology: { kind: 'single', node }, timeoutMs: 1 }), node)
  t.same(parseNode('rediss://[::1]:7000'), { host: '::1', port: 7000, isTls: true })
})

t.test('the first sentinel that knows the primary is used', async (t) => {
  const found = { host: 'p', port: 9, isTls: true }
  t.same(await locate(sentinel, answering({ a: ['p', '9'] })), found)
  t.same(await locate(sentinel, answering({ a: null, b: ['p', '9'] })), found)
  t.same(await locate(sentinel, answering({ a: new Error('down'), b: ['p', '9'] })), found)
})

t.test('a cluster node names the node of the slot, and an empty host means itself', async (t) => {
  const slots = [
    [0, ourSlot - 1, ['x', 1]],
    [ourSlot, 16_383, ['y', 2], ['replica', 3]],
  ]
  t.same(await locate(cluster, answering({ a: slots })), { host: 'y', port: 2, isTls: true })
  t.same(await locate(cluster, answering({ a: [], b: slots })), { host: 'y', port: 2, isTls: true })
  t.same(await locate(cluster, answering({ a: [[0, 16_383, ['', 7]]] })), { host: 'a', port: 7, isTls: true })
})

t.test('if no sentinel or node knows, the error has every cause', async (t) => {
  for (const settings of [sentinel, cluster]) {
    const refused = new Error('refused')
    const error = await locate(settings, answering({ a: refused, b: 'nonsense' })).catch((error: unknown) => error)
    t.type(error, RedisUnavailable)
    t.match(error, { cause: { errors: [refused] } })
  }
  t.type(await locate(cluster, answering({ a: [[0, 16_383]] })).catch((error: unknown) => error), RedisUnavailable)
})
