import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { ourSlot as ours } from '../../src/redis/locate.ts'
import { Redis, tryToConnect } from '../../src/redis/redis.ts'
import { RedisUnavailable } from '../../src/redis/replies.ts'
import { defineScript } from '../../src/redis/scripts.ts'
import { parseNode, type RedisSettings } from '../../src/redis/settings.ts'
import { freePort } from '../support/ports.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

async function connect(t: Test, settings: Omit<RedisSettings, 'timeoutMs'>): Promise<Redis> {
  const redis = new Redis({ ...settings, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  return redis
}

const single = (url: string) => ({ kind: 'single' as const, node: parseNode(url) })

t.test('user and password are sent, and missing or wrong ones give no connection', async (t) => {
  const rights = ['~stagedoor:*', '&stagedoor:*', '+@all', '-@dangerous']
  const server = await startRedis(t, { arguments: ['--user', 'gate', 'on', '>hunter2', ...rights] })
  await server.command('ACL', 'SETUSER', 'default', 'off')
  const redis = await connect(t, { topology: single(server.url), username: 'gate', password: 'hunter2' })
  const script = defineScript('return redis.call("HSET", KEYS[1], "a", 1)')
  t.equal(await redis.run(script, [redis.keys.session('a')], []), 1, 'these rights are enough')
  await redis.publish(redis.keys.named('news'), 'hello')
  for (const credentials of [{}, { username: 'gate', password: 'wrong' }]) {
    const refused = await connect(t, { topology: single(server.url), ...credentials })
    t.notOk(refused.isReady())
    await t.rejects(refused.send('PING'), RedisUnavailable)
  }
})

t.test('over TLS the certificate is checked against the given authority', async (t) => {
  const folder = t.testdir({})
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' })
  const port = await freePort()
  const tls = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no']
  await startRedis(t, { arguments: tls })
  const topology = single(`rediss://localhost:${port}`)
  const redis = await connect(t, { topology, tls: { ca: readFileSync(cert, 'utf8') } })
  t.equal(await redis.send('PING'), 'PONG')
  t.notOk((await connect(t, { topology })).isReady(), 'an unknown authority is refused')
})

t.test('the sentinels name the primary, and the new one after a failover', async (t) => {
  const primary = await startRedis(t)
  const replica = await startRedis(t, { arguments: ['--replicaof', '127.0.0.1', String(primary.port)] })
  const port = await freePort()
  const file = join(t.testdir({}), 'sentinel.conf')
  // Allow only the requested failover: on a busy machine a live server may also be silent for a while.
  const monitor = `sentinel monitor main 127.0.0.1 ${primary.port} 1`
  writeFileSync(file, `${monitor}\nsentinel down-after-milliseconds main 600000\n`)
  const sentinel = await startRedis(t, { configFile: file, port, arguments: ['--sentinel'] })
  await until(async () => (await sentinel.command('SENTINEL', 'REPLICAS', 'main')).includes(String(replica.port)))
  const nobody = parseNode(`redis://127.0.0.1:${await freePort()}`)
  const nodes = [nobody, parseNode(sentinel.url)]
  const redis = await connect(t, { topology: { kind: 'sentinel', primary: 'main', nodes } })
  t.equal(await redis.send('SET', 'stagedoor:a', '1'), 'OK')
  const lost = once(redis.events, 'lost')
  await primary.stop()
  await lost
  await until(async () => (await sentinel.command('SENTINEL', 'FAILOVER', 'main')).startsWith('+OK'))
  await until(() => redis.send('SET', 'stagedoor:a', '2').then(Boolean, () => false))
  t.match(await replica.command('GET', 'stagedoor:a'), /2/)
  const unknown = await connect(t, { topology: { kind: 'sentinel', primary: 'other', nodes } })
  t.notOk(unknown.isReady(), 'a name that no sentinel knows is no server')
})

t.test('a server that accepts connections and never answers delays no command beyond the timeout', async (t) => {
  const [primary, frozen, port] = [await startRedis(t), await startRedis(t), await freePort()]
  frozen.freeze()
  t.teardown(() => frozen.thaw())
  const file = join(t.testdir({}), 'sentinel.conf')
  writeFileSync(file, `sentinel monitor main 127.0.0.1 ${primary.port} 1\n`)
  const sentinel = await startRedis(t, { configFile: file, port, arguments: ['--sentinel'] })
  const nodes = [frozen, sentinel].map(({ url }) => parseNode(url))
  const redis = new Redis({ topology: { kind: 'sentinel', primary: 'main', nodes }, timeoutMs: 500 })
  t.teardown(() => redis.close())
  await until(() => redis.isReady())
  await t.rejects(tryToConnect({ topology: single(frozen.url), timeoutMs: 500 }), /within 1000 ms/)
})

t.test('in a cluster all keys share one slot, and commands go to the node that holds it', async (t) => {
  const nodes = await Promise.all([0, 1].map(() => startRedis(t, { arguments: ['--cluster-enabled', 'yes'] })))
  const [first, second] = nodes
  if (first === undefined || second === undefined) throw new Error('two nodes')
  await first.command('CLUSTER', 'ADDSLOTSRANGE', '0', String(ours - 1), String(ours + 1), '16383')
  await second.command('CLUSTER', 'ADDSLOTSRANGE', String(ours), String(ours))
  await second.command('CLUSTER', 'SET-CONFIG-EPOCH', '2')
  await first.command('CLUSTER', 'MEET', '127.0.0.1', String(second.port))
  for (const node of [first, second]) {
    await until(async () => (await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
  }
  const topology = { kind: 'cluster' as const, nodes: [parseNode(first.url)] }
  const redis = await connect(t, { topology })
  const key = redis.keys.session('some-session')
  t.match(key, /^\{stagedoor\}:session:/)
  await redis.send('SET', key, '1')
  t.match(await second.command('GET', key), /1/)
})
