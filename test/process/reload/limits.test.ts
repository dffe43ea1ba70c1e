import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

import t, { type Test } from 'tap'

import { askOnce, type Cluster, startCluster } from '../../support/cluster.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/until.ts'
import { answersTo, changesIn, closed, everything, hangUp, sizes } from './changed-rules.ts'

// Starting is slow: all tests share one cluster.
for (const workers of sizes) {
  t.test(`${workers} workers`, async (t) => {
    const cluster = await startCluster(t, { workers, logLevel: 'warn', stderr: 'ignore' })
    if (workers > 1) {
      await t.test('a worker ignores SIGHUP, which a terminal sends to all', (t) => ignoreSignals(t, cluster))
      await t.test('a reload changes the number of workers', (t) => followNumber(t, cluster))
    } else {
      await t.test('a single process cannot become several, and logs it', (t) => stayAlone(t, cluster))
    }
    const cookie = await cluster.signIn()
    await t.test('a reload with a port that is taken changes nothing', (t) =>
      meetTakenPort(t, cluster, workers, cookie),
    )
    await t.test('a reload changes the port and names the options that need a restart', (t) =>
      followPort(t, cluster, workers, cookie),
    )
    await t.test('the same port on another host needs a restart, and all other changes take effect', (t) =>
      keepHost(t, cluster, workers, cookie),
    )
  })
}

async function ignoreSignals(t: Test, cluster: Cluster): Promise<void> {
  const before = await cluster.workers()
  for (const pid of before) process.kill(pid, 'SIGHUP')
  t.same(await answersTo(cluster, '/.stagedoor/health/live', ''), new Set([200]))
  t.same(await cluster.workers(), before)
  t.same(cluster.errors(), [])
}

async function followNumber(t: Test, cluster: Cluster): Promise<void> {
  for (const workers of [3, 1, 2]) {
    await cluster.rewriteConfig({ server: { ...cluster.config['server'], workers } })
    await hangUp(cluster, 1)
    await until(async () => (await cluster.workers()).length === workers)
    await until(async () => JSON.parse((await cluster.ready()).text).status === 'ok')
  }
  t.same(cluster.errors(), [])
}

async function stayAlone(t: Test, cluster: Cluster): Promise<void> {
  await cluster.rewriteConfig({ server: { ...cluster.config['server'], workers: 2 } })
  await hangUp(cluster, 1)
  t.match(cluster.logged, [{ level: 'warn', option: 'server.workers', inForce: 1, found: 2, msg: /needs a restart/ }])
}

async function meetTakenPort(t: Test, cluster: Cluster, workers: number, cookie: string): Promise<void> {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const changesBefore = changesIn(cluster).length
  await cluster.rewriteConfig({ server: { ...cluster.config['server'], listen: { host: '127.0.0.1', port } } })
  await hangUp(cluster, workers, 'refused')
  t.match(
    changesIn(cluster).slice(changesBefore),
    Array.from({ length: workers }, () => ({ action: 'refused' })),
  )
  t.same(await answersTo(cluster, '/catalog', cookie), new Set([200]))
  t.match(JSON.parse((await cluster.ready()).text).conditions.at(-1), { status: 'degraded', reason: /EADDRINUSE/ })
  const metrics = await cluster.metrics()
  t.match(metrics, 'stagedoor_config_last_reload_successful 0')
  t.notMatch(metrics, /stagedoor_workers_replaced_total [1-9]/)
}

async function followPort(t: Test, cluster: Cluster, workers: number, cookie: string): Promise<void> {
  const loggedBefore = cluster.logged.length
  const waiting = () => cluster.logged.slice(loggedBefore).filter(({ inForce }) => inForce !== undefined)
  const [port, adminPort] = [await freePort(), await freePort()]
  const listen = { host: '127.0.0.1', port }
  await cluster.rewriteConfig({ server: { ...cluster.config['server'], listen, admin: { port: adminPort } } })
  await hangUp(cluster, workers)
  t.equal((await askOnce(`http://127.0.0.1:${port}/catalog`, { cookie })).status, 200)
  await t.rejects(cluster.ask('/catalog'), { code: 'ECONNREFUSED' }, 'nobody listens at the old port')
  t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' }, 'the admin listener stays where it is')
  await until(() => waiting().length > 0)
  t.match(waiting(), [{ level: 'warn', option: 'server.admin.port', found: adminPort, msg: /needs a restart/ }])
}

async function keepHost(t: Test, cluster: Cluster, workers: number, cookie: string): Promise<void> {
  const loggedBefore = cluster.logged.length
  const port = await freePort()
  const at = (host: string) => ({ server: { ...cluster.config['server'], listen: { host, port } } })
  await cluster.rewriteConfig(at('127.0.0.1'))
  await hangUp(cluster, workers)
  // This host stands for every address of the machine; the address in use already takes the port.
  await cluster.rewriteConfig({ ...at('0.0.0.0'), routes: [closed, everything] })
  await hangUp(cluster, workers)
  const statusOf = async (path: string) => (await askOnce(`http://127.0.0.1:${port}${path}`, { cookie })).status
  t.same([await statusOf('/catalog'), await statusOf('/closed')], [200, 403], 'the rules are in force')
  const named = { level: 'warn', option: 'server.listen.host', inForce: '127.0.0.1', found: '0.0.0.0' }
  await until(() => cluster.logged.slice(loggedBefore).some(({ option }) => option === named.option))
  t.match(
    cluster.logged.slice(loggedBefore).find(({ option }) => option === named.option),
    named,
  )
  t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' })

  if (workers > 1) await replaceOne(cluster)
  t.same([await statusOf('/catalog'), await statusOf('/closed')], [200, 403], 'a worker that begins listens there, too')
  await cluster.rewriteConfig({
    server: { ...cluster.config['server'], listen: { host: '0.0.0.0', port: cluster.port } },
  })
  await hangUp(cluster, workers)
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200, 'another port takes the host with it')
}

async function replaceOne(cluster: Cluster): Promise<void> {
  const [killed] = await cluster.workers()
  process.kill(killed ?? 0, 'SIGKILL')
  await until(async () => /stagedoor_workers_replaced_total 1\n/.test(await cluster.metrics()))
  await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2\n'))
}
