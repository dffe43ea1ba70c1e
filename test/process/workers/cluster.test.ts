import type { ServerResponse } from 'node:http'

import t from 'tap'

import { type Cluster, startCluster } from '../../support/cluster.ts'
import { until } from '../../support/until.ts'

/** Enough connections to reach both of two workers, which take turns. */
const several = Array.from({ length: 8 })

const statuses = async (cluster: Cluster, path: string, cookie: string): Promise<number[]> =>
  Promise.all(several.map(async () => (await cluster.ask(path, { cookie })).status))

t.test('workers act as one gateway', async (t) => {
  const cluster = await startCluster(t)
  t.equal((await cluster.workers()).length, 2)
  const cookie = await cluster.signIn()

  await t.test('a session of one worker is valid at all', async (t) => {
    t.same(
      await statuses(cluster, '/catalog', cookie),
      several.map(() => 200),
    )
  })

  await t.test('all workers publish the same keys', async (t) => {
    const sets = await Promise.all(several.map(async () => (await cluster.ask('/.stagedoor/jwks.json')).text))
    t.equal(new Set(sets).size, 1)
    t.equal(JSON.parse(sets[0] ?? '').keys.length, 2)
  })

  await t.test('metrics and probes of the admin listener cover all workers', async (t) => {
    // Metrics leave out a worker that does not answer within a second, as may happen on a busy machine.
    const speaksForAll = async () => {
      const metrics = await cluster.metrics()
      const allowed = /stagedoor_requests_total\{[^}]*outcome="allow"[^}]*\} (\d+)/.exec(metrics)?.[1]
      return Number(allowed) >= several.length && /stagedoor_condition_ok\{name="auth0"\} 1/.test(metrics)
    }
    await until(speaksForAll)
    t.pass('requests of both are counted together')
    await until(async () => JSON.parse((await cluster.ready()).text).conditions[0].status === 'ok')
    t.match(JSON.parse((await cluster.ready()).text).conditions[0], { name: 'workers' })
  })

  await t.test('a session that ends at one worker has ended at all before the answer arrives', async (t) => {
    const second = await cluster.signIn()
    t.same(
      await statuses(cluster, '/catalog', second),
      several.map(() => 200),
    )
    const form = { cookie: second, origin: cluster.baseUrl, 'sec-fetch-site': 'same-origin' }
    const answer = await cluster.ask('/.stagedoor/logout', form, 'POST')
    t.ok(answer.status < 400, `logout: ${answer.status}`)
    t.same(
      await statuses(cluster, '/catalog', second),
      several.map(() => 401),
    )
    t.same(
      await statuses(cluster, '/catalog', cookie),
      several.map(() => 200),
      'others go on',
    )
  })

  await t.test('a killed worker is replaced, and the others serve meanwhile', async (t) => {
    const before = await cluster.workers()
    const [killed = 0] = before
    process.kill(killed, 'SIGKILL')
    await until(async () => !(await cluster.workers()).includes(killed))
    t.same(
      await statuses(cluster, '/catalog', cookie),
      several.map(() => 200),
    )
    await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2'))
    const after = await cluster.workers()
    t.equal(after.length, 2)
    t.notSame(after, before)
    t.same(
      await statuses(cluster, '/catalog', cookie),
      several.map(() => 200),
      'the new one knows the session',
    )
    const sets = await Promise.all(several.map(async () => (await cluster.ask('/.stagedoor/jwks.json')).text))
    t.equal(new Set(sets).size, 1, 'and the keys')
  })

  t.equal(await cluster.stop(), 0, 'SIGTERM to the primary ends all of them in order')
})

t.test('while the last workers end, the admin listener reports that none serves', async (t) => {
  const held = Promise.withResolvers<ServerResponse>()
  const cluster = await startCluster(t, {
    upstream: (request, response) => void (request.url === '/held' ? held.resolve(response) : response.end()),
  })
  const answer = cluster.ask('/held', { cookie: await cluster.signIn() })
  const response = await held.promise
  const ended = cluster.stop()
  await until(async () => (await cluster.ready()).status === 503)
  t.match(JSON.parse((await cluster.ready()).text).conditions, [{ name: 'workers', status: 'unavailable' }])
  response.end()
  t.equal((await answer).status, 200, 'the request under way is answered')
  t.equal(await ended, 0)
})
