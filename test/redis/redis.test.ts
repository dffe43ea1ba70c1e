import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createRedis, type Redis } from '../../src/redis/redis.ts'
import { defineScript } from '../../src/redis/script.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { RedisUnavailable } from '../../src/redis/unavailable.ts'
import { startRedis } from '../support/redis.ts'

async function connect(t: Test, url: string, timeoutMs = 30_000): Promise<Redis> {
  const redis = createRedis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs }, 'session:')
  t.teardown(() => redis.close())
  await redis.attempted()
  return redis
}

t.test('commands and scripts are answered', async (t) => {
  const redis = await connect(t, (await startRedis(t)).url)
  t.equal(await redis.send('SET', 'stagedoor:a', '1'), 'OK')
  const script = defineScript('return redis.call("INCRBY", KEYS[1], ARGV[1])')
  t.equal(await redis.run(script, ['stagedoor:a'], ['4']), 5)
  t.equal(await redis.run(script, ['stagedoor:a'], ['1']), 6, 'also when the server knows the script')
  await t.rejects(redis.send('NO-SUCH'), /unknown command/)
})

t.test('while disconnected every command fails at once; after the return it works again by itself', async (t) => {
  const server = await startRedis(t)
  const redis = await connect(t, server.url)
  const lost = once(redis.events, 'lost')
  await server.stop()
  await lost
  t.notOk(redis.isReady())
  await t.rejects(redis.send('PING'), RedisUnavailable)
  const ready = once(redis.events, 'ready')
  await server.start()
  await ready
  t.equal(await redis.send('PING'), 'PONG')
})

t.test('a server that is not there at the start is met later', async (t) => {
  const server = await startRedis(t)
  await server.stop()
  const redis = await connect(t, server.url)
  t.notOk(redis.isReady())
  const ready = once(redis.events, 'ready')
  await server.start()
  await ready
  t.ok(redis.isReady())
})

t.test('a server that hangs counts as lost within its timeout, and no command waits longer', async (t) => {
  const server = await startRedis(t)
  const redis = await connect(t, server.url, 200)
  server.freeze()
  t.teardown(() => server.thaw())
  await t.rejects(redis.send('PING'), RedisUnavailable)
  t.notOk(redis.isReady())
})

t.test('changes of tracked keys are told, whoever makes them; those of others are not', async (t) => {
  const { url } = await startRedis(t)
  const [redis, other] = [await connect(t, url), await connect(t, url)]
  const told: unknown[] = []
  redis.events.on('invalidated', (keys) => told.push(keys))
  await other.send('SET', 'stagedoor:other', '1')
  const own = once(redis.events, 'invalidated')
  await redis.send('SET', 'stagedoor:session:own', '1')
  await own
  const changed = once(redis.events, 'invalidated')
  await other.send('SET', 'stagedoor:session:a', '1')
  await changed
  const flushed = once(redis.events, 'invalidated')
  await other.send('FLUSHALL')
  await flushed
  t.same(told, [['stagedoor:session:own'], ['stagedoor:session:a'], undefined])
})

t.test('a published message reaches every subscriber, before and after an outage, and the gap is told', async (t) => {
  const server = await startRedis(t)
  const [redis, other] = [await connect(t, server.url), await connect(t, server.url)]
  const received = new Set<string>()
  const gap = Promise.withResolvers<void>()
  const stop = redis.subscribe('stagedoor:news', (message) => void received.add(message), gap.resolve)
  t.teardown(stop)
  const publishUntilReceived = async (message: string) => {
    while (!received.has(message)) {
      await other.publish('stagedoor:news', message).catch(() => undefined)
      await nextTurn()
    }
  }
  await publishUntilReceived('before')
  await server.stop()
  await server.start()
  await gap.promise
  await publishUntilReceived('after')
  t.same([...received], ['before', 'after'])
})
