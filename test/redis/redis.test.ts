import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'

import t, { type Test } from 'tap'

import { Redis } from '../../src/redis/redis.ts'
import { RedisUnavailable } from '../../src/redis/replies.ts'
import { defineScript } from '../../src/redis/scripts.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

async function connect(t: Test, url: string, timeoutMs = 30_000): Promise<Redis> {
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs })
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

t.test('while disconnected every command fails at once, and works again after reconnection', async (t) => {
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

t.test('a server that is down at the start is connected later', async (t) => {
  const server = await startRedis(t)
  await server.stop()
  const redis = await connect(t, server.url)
  t.notOk(redis.isReady())
  const ready = once(redis.events, 'ready')
  await server.start()
  await ready
  t.ok(redis.isReady())
})

t.test('a server that hangs counts as lost after the timeout, and no command waits longer', async (t) => {
  const server = await startRedis(t)
  const redis = await connect(t, server.url, 200)
  server.freeze()
  t.teardown(() => server.thaw())
  await t.rejects(redis.send('PING'), RedisUnavailable)
  t.notOk(redis.isReady())
})

t.test('a published message reaches every process, before and after an outage', async (t) => {
  const server = await startRedis(t)
  const [redis, other] = [await connect(t, server.url), await connect(t, server.url)]
  const received: string[][] = []
  redis.events.on('message', (...message) => void received.push(message))
  await other.publish('news', 'before the outage')
  await until(() => received.length === 1)
  const lost = once(redis.events, 'lost')
  await server.stop()
  await lost
  const ready = once(redis.events, 'ready')
  await server.start()
  await ready
  await until(() =>
    other.publish('news', 'after it').then(
      () => true,
      () => false,
    ),
  )
  await until(() => received.length === 2)
  t.same(received, [
    ['news', 'before the outage'],
    ['news', 'after it'],
  ])
})

t.test(
  'a server that refuses writes is detected with its reason, and its recovery, without a write of ours',
  async (t) => {
    const server = await startRedis(t)
    const rows = [
      ['READONLY', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
      ['NOREPLICAS', ['CONFIG', 'SET', 'min-replicas-to-write', '1'], ['CONFIG', 'SET', 'min-replicas-to-write', '0']],
      ['OOM', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ] as const
    const redis = await connect(t, server.url)
    await redis.send('SET', 'stagedoor:a', '1')
    const script = defineScript('return redis.call("SET", KEYS[1], ARGV[1])')
    for (const [code, begin, end] of rows) {
      await server.command(...begin)
      await until(() => redis.refusal()?.startsWith(code) === true)
      await t.rejects(redis.run(script, ['stagedoor:a'], ['2']), { name: 'RedisUnavailable', message: code })
      t.equal(await redis.send('GET', 'stagedoor:a'), '1', `${code}: reads are answered`)
      t.ok(redis.isReady(), `${code}: and the connection stays`)
      await server.command(...end)
      await until(() => redis.refusal() === undefined)
    }
  },
)

t.test('a switch to another server leaves no gap', async (t) => {
  const [first, second] = [await startRedis(t), await startRedis(t)]
  const redis = await connect(t, first.url)
  redis.events.on('lost', () => t.fail('it was never lost'))
  await second.command('SET', 'stagedoor:which', 'second')
  redis.use({ topology: { kind: 'single', node: parseNode(second.url) }, timeoutMs: 30_000 })
  await until(async () => (await redis.send('GET', 'stagedoor:which')) === 'second')
  t.ok(redis.isReady())
})

t.test('messages come from a new server even if only the second connection attempt succeeds', async (t) => {
  const [first, second] = [await startRedis(t), await startRedis(t)]
  let isRefused = false
  const address = createServer((socket) => {
    const server = connectTcp(second.port, '127.0.0.1')
    for (const each of [socket, server]) each.on('error', () => undefined)
    socket.pipe(server).pipe(socket)
    // One of the two connections: commands have one, messages the other.
    if (isRefused) return
    isRefused = true
    socket.destroy()
    server.destroy()
  }).listen(0, '127.0.0.1')
  await once(address, 'listening')
  t.teardown(() => address.close())
  const redis = await connect(t, first.url)
  const ready = once(redis.events, 'ready')
  const node = parseNode(`redis://127.0.0.1:${(address.address() as AddressInfo).port}`)
  redis.use({ topology: { kind: 'single', node }, timeoutMs: 30_000 })
  await ready
  const message = once(redis.events, 'message')
  await redis.send('SET', 'stagedoor:which', 'second')
  await second.command('PUBLISH', redis.channel, '"news of the second"')
  t.same(await message, ['news', 'of the second'])
  t.match(await second.command('EXISTS', 'stagedoor:which'), ':1')
})

t.test('after a failover messages come from the new primary, and missed ones can be read', async (t) => {
  const [first, second] = [await startRedis(t), await startRedis(t)]
  let { port } = first
  // The address moves to the new primary, while existing connections stay.
  const address = createServer((socket) => {
    const server = connectTcp(port, '127.0.0.1')
    socket.pipe(server).pipe(socket)
    for (const each of [socket, server]) each.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(address, 'listening')
  t.teardown(() => address.close())
  const redis = await connect(t, `redis://127.0.0.1:${(address.address() as AddressInfo).port}`)
  const received: string[][] = []
  redis.events.on('message', (...message) => void received.push(message))
  redis.events.on('lost', () => t.fail('it was never lost'))
  port = second.port
  const ready = once(redis.events, 'ready')
  await first.command('REPLICAOF', '127.0.0.1', '1')
  await ready
  await second.command('PUBLISH', redis.channel, '"news of the second"')
  await until(() => received.length === 1)
  t.same(received, [['news', 'of the second']])
})
