import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

import t from 'tap'

import { askOnce, startCluster } from '../../support/cluster.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/until.ts'
import { answersTo, closed, everything, untilOnlyOthersRun } from './changed-rules.ts'

t.test('a worker ignores SIGHUP, which a terminal sends to all', async (t) => {
  const cluster = await startCluster(t)
  const before = await cluster.workers()
  for (const pid of before) process.kill(pid, 'SIGHUP')
  t.same(await answersTo(cluster, '/.stagedoor/health/live', ''), new Set([200]))
  t.same(await cluster.workers(), before)
  t.same(cluster.errors(), [])
})

t.test('the port and the number of workers follow; what has to wait for a restart is named', async (t) => {
  const cluster = await startCluster(t, { logLevel: 'warn' })
  const cookie = await cluster.signIn()
  const [before, port, adminPort] = [await cluster.workers(), await freePort(), await freePort()]
  const server = {
    ...cluster.config['server'],
    listen: { host: '127.0.0.1', port },
    workers: 3,
    admin: { port: adminPort },
  }
  await cluster.rewriteConfig({ server })
  cluster.hangUp()
  await untilOnlyOthersRun(cluster, before, 3)
  t.equal((await askOnce(`http://127.0.0.1:${port}/catalog`, { cookie })).status, 200)
  await t.rejects(cluster.ask('/catalog'), { code: 'ECONNREFUSED' }, 'nobody listens at the old port')
  t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' }, 'the admin listener stays where it is')
  t.match(
    cluster.logged.filter(({ inForce }) => inForce !== undefined),
    [{ level: 'warn', option: 'server.admin.port', found: adminPort, msg: /next restart/ }],
  )
})

t.test('when new workers cannot listen, those before serve on', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const cluster = await startCluster(t, { stderr: 'ignore' })
  const cookie = await cluster.signIn()
  const before = await cluster.workers()
  await cluster.rewriteConfig({ server: { ...cluster.config['server'], listen: { host: '127.0.0.1', port } } })
  cluster.hangUp()
  await until(() => cluster.errors().some(({ msg }) => String(msg).includes('do not start')))
  t.same(await cluster.workers(), before)
  t.same(await answersTo(cluster, '/catalog', cookie), new Set([200]))
  t.match(await cluster.metrics(), 'stagedoor_workers_replaced_total 0')
})

t.test('one process survives SIGHUP, says what it found, and how it is taken up', async (t) => {
  const cluster = await startCluster(t, { workers: 1, logLevel: 'warn' })
  const cookie = await cluster.signIn()
  await cluster.rewriteConfig({ routes: [closed, everything] })
  cluster.hangUp()
  await until(() => cluster.logged.length > 0)
  t.match(cluster.logged, [{ level: 'warn', msg: /one process cannot take it up: restart it, .* server\.workers: 2/ }])

  await cluster.rewriteConfig('server: [')
  cluster.hangUp()
  await until(() => cluster.errors().some(({ msg }) => String(msg).includes('cannot be used')))
  t.match(cluster.errors()[0], { file: cluster.file, line: 1 })
  t.equal((await cluster.ask('/closed', { cookie })).status, 200)
  t.equal(await cluster.stop(), 0)
})
