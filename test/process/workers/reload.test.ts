import t from 'tap'

import { type Cluster, startCluster } from '../../support/cluster.ts'
import { startClient } from '../../support/keep-alive-client.ts'
import { until } from '../../support/until.ts'
import { answersTo, closed, everything, several, untilOnlyOthersRun } from './changed-rules.ts'

const countedOf = (metrics: string): number =>
  Number(/stagedoor_requests_total\{[^}]*outcome="allow"[^}]*\} (\d+)/.exec(metrics)?.[1])

const keysOf = async (cluster: Cluster): Promise<string> => (await cluster.ask('/.stagedoor/jwks.json')).text

t.test('SIGHUP puts a changed configuration in force without a failed request, and sessions go on', async (t) => {
  const cluster = await startCluster(t)
  const cookie = await cluster.signIn()
  t.same(await answersTo(cluster, '/closed', cookie), new Set([200]))
  const keys = await keysOf(cluster)
  const ended = await cluster.signIn()
  const form = { cookie: ended, origin: cluster.baseUrl, 'sec-fetch-site': 'same-origin' }
  await cluster.ask('/.stagedoor/logout', form, 'POST')
  const clients = several.map(() => startClient(cluster, cookie))
  await until(() => clients.every(({ statuses }) => statuses.length > 2))
  const counted = countedOf(await cluster.metrics())

  const before = await cluster.workers()
  await cluster.rewriteConfig({ routes: [closed, everything] })
  cluster.hangUp()
  const readiness = new Set<string>()
  await until(async () => {
    readiness.add((await cluster.ready()).text)
    const now = await cluster.workers()
    return now.length === 2 && !now.some((pid) => before.includes(pid))
  }, 50)
  t.same(await answersTo(cluster, '/closed', cookie), new Set([403]), 'the rule that was added is in force')

  const soFar = clients.map(({ statuses }) => statuses.length)
  await until(() => clients.every(({ statuses }, i) => statuses.length > (soFar[i] ?? 0) + 5))
  await Promise.all(clients.map((client) => client.stop()))
  t.same(new Set(clients.flatMap(({ statuses }) => statuses)), new Set([200]), 'every answer is 200')
  t.same(
    clients.flatMap(({ failedPorts }) => failedPorts),
    [],
    'and nobody went without one',
  )
  t.same(
    [...readiness].map((text) => JSON.parse(text).status),
    ['ok'],
    'probes saw nothing of it',
  )
  t.same(await answersTo(cluster, '/catalog', ended), new Set([401]), 'a session that had ended stays ended')
  t.equal(await keysOf(cluster), keys, 'the signing keys are the same')

  const metrics = await cluster.metrics()
  t.ok(countedOf(metrics) > counted, 'what was counted before stays counted')
  t.match(metrics, 'stagedoor_workers 2')
  t.match(metrics, 'stagedoor_workers_replaced_total 0')
  t.match(metrics, 'stagedoor_config_last_reload_successful 1')
  t.same(cluster.errors(), [])
  t.equal(await cluster.stop(), 0)
})

t.test('a file with mistakes changes nothing, and each is named with its line', async (t) => {
  const cluster = await startCluster(t)
  const cookie = await cluster.signIn()
  const before = await cluster.workers()
  await cluster.rewriteConfig('server:\n  workers: 2\n  prefixx: /.gate\n')
  cluster.hangUp()
  await until(() => cluster.errors().some(({ msg }) => String(msg).includes('cannot be used')))
  t.match(
    cluster.errors().find(({ option }) => option === 'server.prefixx'),
    { file: cluster.file, line: 3, found: 'an option that does not exist', msg: 'did you mean prefix?' },
  )
  t.same(await cluster.workers(), before)
  t.same(await answersTo(cluster, '/closed', cookie), new Set([200]))
  t.match(await cluster.metrics(), 'stagedoor_config_last_reload_successful 0')

  await cluster.rewriteConfig({ routes: [closed, everything] })
  cluster.hangUp()
  await untilOnlyOthersRun(cluster, before, 2)
  t.same(await answersTo(cluster, '/closed', cookie), new Set([403]), 'once mended it counts')
})

t.test(
  'a worker that takes the place of a killed one gets the configuration in force, not that of an edited file',
  async (t) => {
    const cluster = await startCluster(t)
    const cookie = await cluster.signIn()
    await cluster.rewriteConfig({ routes: [closed, everything] })
    for (const killed of await cluster.workers()) {
      process.kill(killed, 'SIGKILL')
      await until(async () => !(await cluster.workers()).includes(killed))
      await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2'))
    }
    t.same(await answersTo(cluster, '/closed', cookie), new Set([200]))
  },
)
