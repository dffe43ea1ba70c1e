import t, { type Test } from 'tap'

import { type Cluster, startCluster } from '../../support/cluster.ts'
import { startClient } from '../../support/keep-alive-client.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../../support/streams.ts'
import { until } from '../../support/until.ts'
import { answersTo, changesIn, closed, everything, hangUp, sizes } from './changed-rules.ts'

const countedOf = (metrics: string): number =>
  Number(/stagedoor_requests_total\{[^}]*outcome="allow"[^}]*\} (\d+)/.exec(metrics)?.[1])

/** The configurations in force, by their digest. */
const digestsOf = async (cluster: Cluster): Promise<string[]> =>
  [...(await cluster.metrics()).matchAll(/^stagedoor_config_info\{digest="([^"]+)"\} 1$/gm)].map(
    ([, digest]) => `${digest}`,
  )

const backstageOf = ({ config }: Cluster): object => (config['upstreams'] as { backstage: object }).backstage

const keysOf = async (cluster: Cluster): Promise<string> => (await cluster.ask('/.stagedoor/jwks.json')).text

const title = {
  rules: 'SIGHUP puts changed rules in force without a failed request',
  mistakes: 'files with mistakes change nothing, and the log names each mistake with its line',
  killed: 'the replacement of a killed worker gets the configuration in force, not that of an edited file',
  streams: 'event streams and WebSockets stay open during a reload',
}

// Starting is slow: all tests share one cluster.
for (const workers of sizes) {
  t.test(`${workers} workers`, async (t) => {
    const upstream = await startStreamingOrigin(t)
    const cluster = await startCluster(t, { workers, upstreamUrl: upstream.url })
    /** The rules of the cluster's start. */
    async function restore(): Promise<void> {
      await cluster.rewriteConfig({})
      await hangUp(cluster, workers)
    }
    await t.test(title.rules, (t) => changeRules(t, cluster, workers))
    await restore()
    await t.test(title.mistakes, (t) => refuseMistakes(t, cluster, workers))
    await restore()
    if (workers > 1) {
      await t.test(title.killed, (t) => replaceKilled(t, cluster))
      await restore()
    }
    await t.test(title.streams, (t) => keepStreams(t, cluster, workers))
  })
}

async function changeRules(t: Test, cluster: Cluster, workers: number): Promise<void> {
  const cookie = await cluster.signIn()
  t.same(await answersTo(cluster, '/closed', cookie), new Set([200]))
  const keys = await keysOf(cluster)
  const ended = await cluster.signIn()
  const form = { cookie: ended, origin: cluster.baseUrl, 'sec-fetch-site': 'same-origin' }
  await cluster.ask('/.stagedoor/logout', form, 'POST')
  const clients = ['/catalog', '/catalog', '/closed', '/closed'].map((path) => startClient(cluster, cookie, path))
  await until(() => clients.every(({ statuses }) => statuses.length > 2))
  const counted = countedOf(await cluster.metrics())
  const before = await cluster.workers()
  const digests = await digestsOf(cluster)

  await cluster.rewriteConfig({ routes: [closed, everything] })
  await hangUp(cluster, workers)
  t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' })
  t.same(await answersTo(cluster, '/closed', cookie), new Set([403]), 'the rule that was added is in force')
  const soFar = clients.map(({ statuses }) => statuses.length)
  await until(() => clients.every(({ statuses }, i) => statuses.length > (soFar[i] ?? 0) + 5))
  await Promise.all(clients.map((client) => client.stop()))

  const [open, shut] = [clients.slice(0, 2), clients.slice(2)]
  t.same(new Set(open.flatMap(({ statuses }) => statuses)), new Set([200]), 'every answer is 200')
  for (const { statuses } of shut) t.match(statuses.join(' '), /^(200 )+(403 ?)+$/, 'allowed, and then refused')
  const failed = clients.flatMap(({ failedPorts }) => failedPorts)
  t.same(failed, [], 'and nobody went without an answer')
  t.same(await cluster.workers(), before, 'no process was exchanged')
  t.same(await answersTo(cluster, '/catalog', ended), new Set([401]), 'a session that had ended stays ended')
  t.equal(await keysOf(cluster), keys, 'the signing keys are the same')
  const metrics = await cluster.metrics()
  t.ok(countedOf(metrics) > counted, 'what was counted before stays counted')
  t.match(metrics, 'stagedoor_config_last_reload_successful 1')
  const change = { what: 'configuration', action: 'changed', options: ['order of routes', 'routes.closed'] }
  t.match(
    changesIn(cluster),
    Array.from({ length: workers }, () => change),
  )
  const digest = (changesIn(cluster).at(-1) as { id?: string }).id
  t.same(await digestsOf(cluster), [digest], 'one configuration is in force, which the record names')
  t.equal(digests.length, 1)
  t.not(digests[0], digest)
  t.same(cluster.errors(), [])
}

async function refuseMistakes(t: Test, cluster: Cluster, workers: number): Promise<void> {
  const cookie = await cluster.signIn()
  await cluster.rewriteConfig('server:\n  workers: 2\n  prefixx: /.gate\n')
  await hangUp(cluster, workers, 'refused')
  // With several workers, different processes write the log and the trail.
  await until(() => cluster.errors().some(({ msg }) => /has problems/.test(String(msg))))
  t.match(
    cluster.errors().find(({ option }) => option === 'server.prefixx'),
    { file: cluster.file, line: 3, found: 'an option that does not exist', msg: 'did you mean prefix?' },
  )
  t.same(await answersTo(cluster, '/closed', cookie), new Set([200]))
  t.match(await cluster.metrics(), 'stagedoor_config_last_reload_successful 0')
  const ready = await cluster.ready()
  t.equal(ready.status, 200)
  const reason = /^the files are not in force: cluster\.yaml:\d+ .*; the log says what is wrong$/
  const conditions: { name: string }[] = JSON.parse(ready.text).conditions
  t.match(
    conditions.find(({ name }) => name === 'configuration'),
    { status: 'degraded', reason },
  )
  const missing = ['server.baseUrl', 'auth0', 'session', 'upstreams', 'routes']
  const options = [...missing.map((name) => `cluster.yaml:1 (${name})`), 'cluster.yaml:3 (server.prefixx)']
  t.match(changesIn(cluster).at(-1), { what: 'configuration', action: 'refused', options })

  await cluster.rewriteConfig({ routes: [closed, everything] })
  await hangUp(cluster, workers)
  t.same(await answersTo(cluster, '/closed', cookie), new Set([403]), 'once mended it counts')
  t.match(JSON.parse((await cluster.ready()).text), { status: 'ok' })
  t.match(await cluster.metrics(), 'stagedoor_config_last_reload_successful 1')
}

async function replaceKilled(t: Test, cluster: Cluster): Promise<void> {
  const cookie = await cluster.signIn()
  await cluster.rewriteConfig({ routes: [closed, everything] })
  for (const [i, killed] of (await cluster.workers()).entries()) {
    process.kill(killed, 'SIGKILL')
    // The process has ended before the npm script that started it notices.
    await until(async () => (await cluster.metrics()).includes(`stagedoor_workers_replaced_total ${i + 1}\n`))
    await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2\n'))
  }
  t.same(await answersTo(cluster, '/closed', cookie), new Set([200]))
  await hangUp(cluster, 2)
  t.same(await answersTo(cluster, '/closed', cookie), new Set([403]))
}

async function keepStreams(t: Test, cluster: Cluster, workers: number): Promise<void> {
  const errorsBefore = cluster.errors().length
  const cookie = await cluster.signIn()
  const opened = [
    await openSocket(t, `${cluster.baseUrl}/socket`, cookie),
    await openAnswer(t, `${cluster.baseUrl}/stream`, cookie),
  ]
  const download = await openAnswer(t, `${cluster.baseUrl}/download`, cookie)
  const refused = await openSocket(t, `${cluster.baseUrl}/closed`, cookie)

  const urls = { backstage: { ...backstageOf(cluster), maxConnections: 50 } }
  await cluster.rewriteConfig({ routes: [closed, everything], upstreams: urls })
  await hangUp(cluster, workers)
  await until(() => !refused.isOpen())
  const { code } = await refused.ended
  t.equal(code, 4403, 'what the rules no longer allow is closed')
  await cluster.rewriteConfig({ upstreams: urls, server: { ...cluster.config['server'], maxHeaderBytes: '24KiB' } })
  await hangUp(cluster, workers)
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200)
  t.same(
    opened.map((each) => each.isOpen()),
    [true, true],
  )
  t.ok(download.isOpen())
  download.close()
  t.same(cluster.errors().slice(errorsBefore), [])
  t.equal(await cluster.stop(), 0)
  const [socket] = await Promise.all(opened.map(({ ended }) => ended))
  t.equal(socket?.code, 1001, 'they end with the process')
}
