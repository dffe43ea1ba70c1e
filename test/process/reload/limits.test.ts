import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

import t from 'tap'

import { askOnce, startCluster } from '../../support/cluster.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/until.ts'
import { answersTo, changesIn, hangUp, sizes } from './changed-rules.ts'

t.test('a worker ignores SIGHUP, which a terminal sends to all', async (t) => {
  const cluster = await startCluster(t)
  const before = await cluster.workers()
  for (const pid of before) process.kill(pid, 'SIGHUP')
  t.same(await answersTo(cluster, '/.stagedoor/health/live', ''), new Set([200]))
  t.same(await cluster.workers(), before)
  t.same(cluster.errors(), [])
})

t.test('the number of workers follows', async (t) => {
  const cluster = await startCluster(t)
  for (const workers of [3, 1, 2]) {
    await cluster.rewriteConfig({ server: { ...cluster.config['server'], workers } })
    await hangUp(cluster, 1)
    await until(async () => (await cluster.workers()).length === workers)
    await until(async () => JSON.parse((await cluster.ready()).text).status === 'ok')
  }
  t.same(cluster.errors(), [])
})

for (const workers of sizes) {
  t.test(`the port follows; what has to wait for a restart is named; ${workers} at work`, async (t) => {
    const cluster = await startCluster(t, { workers, logLevel: 'warn' })
    const cookie = await cluster.signIn()
    const [port, adminPort] = [await freePort(), await freePort()]
    const listen = { host: '127.0.0.1', port }
    await cluster.rewriteConfig({ server: { ...cluster.config['server'], listen, admin: { port: adminPort } } })
    await hangUp(cluster, workers)
    t.equal((await askOnce(`http://127.0.0.1:${port}/catalog`, { cookie })).status, 200)
    await t.rejects(cluster.ask('/catalog'), { code: 'ECONNREFUSED' }, 'nobody listens at the old port')
    t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' }, 'the admin listener stays where it is')
    t.match(
      cluster.logged.filter(({ inForce }) => inForce !== undefined),
      [{ level: 'warn', option: 'server.admin.port', found: adminPort, msg: /next restart/ }],
    )
  })

  t.test(`where the new port is taken, nothing changes; ${workers} at work`, async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.teardown(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const cluster = await startCluster(t, { workers, stderr: 'ignore' })
    const cookie = await cluster.signIn()
    await cluster.rewriteConfig({ server: { ...cluster.config['server'], listen: { host: '127.0.0.1', port } } })
    await hangUp(cluster, workers, 'refused')
    t.match(
      changesIn(cluster),
      Array.from({ length: workers }, () => ({ action: 'refused' })),
    )
    t.same(await answersTo(cluster, '/catalog', cookie), new Set([200]))
    t.match(JSON.parse((await cluster.ready()).text).conditions.at(-1), { status: 'degraded', reason: /EADDRINUSE/ })
    const metrics = await cluster.metrics()
    t.match(metrics, 'stagedoor_config_last_reload_successful 0')
    t.notMatch(metrics, /stagedoor_workers_replaced_total [1-9]/)
  })
}

t.test('one process cannot become several, and says so', async (t) => {
  const cluster = await startCluster(t, { workers: 1, logLevel: 'warn' })
  await cluster.rewriteConfig({ server: { ...cluster.config['server'], workers: 2 } })
  await hangUp(cluster, 1)
  t.match(cluster.logged, [{ level: 'warn', option: 'server.workers', inForce: 1, found: 2, msg: /next restart/ }])
})
