import { stat } from 'node:fs/promises'

import t, { type Test } from 'tap'

import { movedFiles } from '../../../src/audit/moved-files.ts'
import { createSessionEditor } from '../../support/aged-sessions.ts'
import { type Cluster, clusterSecret, startCluster } from '../../support/cluster.ts'
import { startOrigin } from '../../support/origin.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { sessionOf } from '../../support/sessions.ts'
import { openAnswer, startStreamingOrigin } from '../../support/streams.ts'
import { until } from '../../support/until.ts'
import { closed, everything, hangUp } from './changed-rules.ts'

type Stack = { cluster: Cluster; cookie: string }

/** Each row checks first that the option is not in force yet. */
const rows: [what: string, see: (t: Test, stack: Stack) => Promise<void>][] = [
  ['the limit on headers', limitHeaders],
  ['the limit on requests under way', limitRequests],
  ['the address of an upstream', moveUpstream],
  ['the prefix, at the admin listener too', movePrefix],
  ['the client secret', changeClientSecret],
  ['the lifetime of sessions, to open streams too', shortenSessions],
  ['the level of the log', changeLevel],
  ['the place that log lines are sent to', moveLines],
  ['the size of an audit file', limitFile],
  ['the token for a receiver of records', changeToken],
  ['whether files are watched', watchFiles],
  ['the time that a shutdown may take', shortenShutdown],
]

t.test('after SIGHUP the process applies the changed files', async (t) => {
  const upstream = await startStreamingOrigin(t)
  const cluster = await startCluster(t, { workers: 1, upstreamUrl: upstream.url, stderr: 'ignore' })
  const cookie = await cluster.signIn()
  // The order matters: the last row ends the process.
  for (const [what, see] of rows) await t.test(what, (t) => see(t, { cluster, cookie }))
})

/** Options that the primary of several workers applies itself. The order matters: the last row ends it. */
const rowsOfPrimary: typeof rows = [
  ['the prefix, at the admin listener', movePrefix],
  ['the level of its log', changeLevel],
  ['the place that its log lines are sent to', moveOwnLines],
  ['the time that a shutdown may take', shortenShutdown],
]

t.test('after SIGHUP the primary of several workers applies the changed files, too', async (t) => {
  const upstream = await startStreamingOrigin(t)
  const cluster = await startCluster(t, { workers: 2, upstreamUrl: upstream.url, stderr: 'ignore' })
  const cookie = await cluster.signIn()
  for (const [what, see] of rowsOfPrimary) await t.test(what, (t) => see(t, { cluster, cookie }))
})

/** Puts sections in force in addition to those of the cluster's start. */
async function take(cluster: Cluster, sections: Record<string, object>): Promise<void> {
  await cluster.rewriteConfig(sections)
  await hangUp(cluster, (await cluster.workers()).length || 1)
}

const serverWith = ({ config }: Cluster, options: object) => ({ server: { ...config['server'], ...options } })

async function limitHeaders(t: Test, { cluster, cookie }: Stack): Promise<void> {
  const status = async () => (await cluster.ask('/catalog', { cookie, 'x-long': 'a'.repeat(10 * 1024) })).status
  t.equal(await status(), 200)
  await take(cluster, serverWith(cluster, { maxHeaderBytes: '8KiB' }))
  t.equal(await status(), 431)
}

async function limitRequests(t: Test, { cluster, cookie }: Stack): Promise<void> {
  const status = async () => (await cluster.ask('/catalog', { cookie })).status
  const stream = await openAnswer(t, `${cluster.baseUrl}/stream`, cookie)
  t.equal(await status(), 200)
  await take(cluster, serverWith(cluster, { maxRequests: 1 }))
  t.equal(await status(), 503)
  stream.close()
  await until(async () => (await status()) === 200)
}

async function moveUpstream(t: Test, { cluster, cookie }: Stack): Promise<void> {
  const { url } = await startOrigin(t, (_request, response) => void response.end('from the next'))
  const text = async () => (await cluster.ask('/catalog', { cookie })).text
  t.equal(await text(), '{}')
  await take(cluster, { upstreams: { backstage: { url } } })
  t.equal(await text(), 'from the next')
}

async function movePrefix(t: Test, { cluster }: Stack): Promise<void> {
  const status = async (prefix: string) => (await cluster.ask(`${prefix}/health/live`)).status
  t.same([await status('/.stagedoor'), await status('/.gate')], [200, 401])
  await take(cluster, serverWith(cluster, { prefix: '/.gate' }))
  t.same([await status('/.stagedoor'), await status('/.gate')], [401, 200])
  t.equal((await cluster.ready('/.gate')).status, 200)
  t.equal((await cluster.ready('/.stagedoor')).status, 404)
}

async function changeClientSecret(t: Test, { cluster }: Stack): Promise<void> {
  const { auth0, config } = cluster
  const statusOfNew = async () => (await cluster.ask('/catalog', { cookie: await cluster.signIn() })).status
  await take(cluster, {})
  const next = 'another client secret for tests'
  auth0.switches.setClientSecret(auth0.clientId, next)
  t.equal(await statusOfNew(), 401)
  await take(cluster, { auth0: { ...config['auth0'], clientSecrets: [next] } })
  t.equal(await statusOfNew(), 200)
  auth0.switches.setClientSecret(auth0.clientId, auth0.clientSecret)
}

async function shortenSessions(t: Test, { cluster }: Stack): Promise<void> {
  const { auth0, redis, config, baseUrl } = cluster
  await take(cluster, { log: { level: 'warn' } })
  const editor = await createSessionEditor(t, redis.url, clusterSecret)
  const createdAt = Date.now() - 2 * 3_600_000
  const cookie = `stagedoor=${await editor.begin(sessionOf({ issuer: auth0.issuer, createdAt }))}`
  const stream = await openAnswer(t, `${baseUrl}/stream`, cookie)
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200)
  await take(cluster, { session: { ...config['session'], idleTimeout: '1h', absoluteTimeout: '1h' } })
  t.equal((await cluster.ask('/catalog', { cookie })).status, 401)
  await until(() => !stream.isOpen())
}

async function changeLevel(t: Test, { cluster }: Stack): Promise<void> {
  const hasInfo = () =>
    cluster.logged.some(({ level, msg }) => level === 'info' && /reading the configuration again/.test(String(msg)))
  await take(cluster, {})
  t.notOk(hasInfo())
  await take(cluster, { log: { level: 'info' } })
  await take(cluster, {})
  t.ok(hasInfo())
}

async function moveLines(t: Test, { cluster, cookie }: Stack): Promise<void> {
  const [former, next] = [await startOtlpReceiver(t), await startOtlpReceiver(t)]
  const to = (endpoint: string) => ({ telemetry: { otlp: { endpoint, protocol: 'http/json', signals: ['logs'] } } })
  const has = ({ asked }: typeof former, path: string) => asked.some(({ body }) => body.includes(path))
  await take(cluster, to(former.url))
  await cluster.ask('/to-the-former', { cookie })
  await until(() => has(former, '/to-the-former'))
  await take(cluster, to(next.url))
  await cluster.ask('/to-the-next', { cookie })
  await until(() => has(next, '/to-the-next'))
  t.same([has(former, '/to-the-next'), has(next, '/to-the-former')], [false, false])
}

/** Checks a log line that no worker writes. */
async function moveOwnLines(t: Test, { cluster }: Stack): Promise<void> {
  const [former, next] = [await startOtlpReceiver(t), await startOtlpReceiver(t)]
  const to = (endpoint: string) => ({
    telemetry: { otlp: { endpoint, protocol: 'http/json', signals: ['logs'] } },
    log: { level: 'info' },
  })
  const readings = ({ logs }: typeof former) =>
    logs.filter(({ body }) => /reading the configuration again/.test(body.stringValue ?? '')).length
  await take(cluster, to(former.url))
  await take(cluster, to(next.url))
  await until(() => readings(former) === 1)
  await take(cluster, {})
  await until(() => readings(next) === 1)
  t.equal(readings(former), 1)
}

async function limitFile(t: Test, { cluster, cookie }: Stack): Promise<void> {
  const path = `${cluster.file}.audit`
  const within = (maxSize: string) => ({
    audit: { ...cluster.config['audit'], sinks: [{ stdout: {} }, { file: { path, maxSize, fsync: 'never' } }] },
  })
  const ask = () => cluster.ask('/catalog', { cookie })
  await take(cluster, within('100MiB'))
  await until(async () => (await ask()) && (await stat(path)).size > 65_536)
  t.same(movedFiles(path), [])
  await take(cluster, within('64KiB'))
  await until(async () => (await ask()) && movedFiles(path).length > 0)
  t.equal(movedFiles(path).length, 1)
}

async function changeToken(t: Test, { cluster }: Stack): Promise<void> {
  const { url, seen } = await startOrigin(t, (_request, response) => void response.end())
  const tokensSeen = () => new Set(seen.map(({ headers }) => headers.authorization))
  const within = (token: string) => ({
    audit: {
      ...cluster.config['audit'],
      sinks: [{ stdout: {} }, { http: { url, token, queue: `${cluster.file}.queue` } }],
    },
  })
  await take(cluster, within('the former token'))
  await until(() => tokensSeen().has('Bearer the former token'))
  t.notOk(tokensSeen().has('Bearer the next token'))
  await take(cluster, within('the next token'))
  await until(() => tokensSeen().has('Bearer the next token'))
}

async function watchFiles(t: Test, { cluster, cookie }: Stack): Promise<void> {
  const status = async () => (await cluster.ask('/closed', { cookie })).status
  t.equal(await status(), 200)
  const watched = serverWith(cluster, { reload: 'watch' })
  await take(cluster, watched)
  await cluster.rewriteConfig({ ...watched, routes: [closed, everything] })
  await until(async () => (await status()) === 403)
}

async function shortenShutdown(t: Test, { cluster, cookie }: Stack): Promise<void> {
  await take(cluster, serverWith(cluster, { timeouts: { shutdown: '0s' } }))
  const download = await openAnswer(t, `${cluster.baseUrl}/download`, cookie)
  const begunAt = performance.now()
  t.equal(await cluster.stop(), 1, 'by force, with a download that is not at its end')
  await until(() => cluster.errors().some(({ msg }) => String(msg).startsWith('the process was stopped by force')))
  t.ok((await download.ended).afterMs(begunAt) < 20_000, 'before the 25 s that the process was started with')
}
