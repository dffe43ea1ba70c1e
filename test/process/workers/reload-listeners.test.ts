import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { ask, connectHttp2 } from '../../listener/support.ts'
import { createSessionEditor } from '../../support/aged-sessions.ts'
import { startCertificates } from '../../support/certificates.ts'
import { type Cluster, clusterSecret, startCluster } from '../../support/cluster.ts'
import { startHttp2Client } from '../../support/http2-client.ts'
import { startClient } from '../../support/keep-alive-client.ts'
import { freePort } from '../../support/ports.ts'
import { sessionOf } from '../../support/sessions.ts'
import { until } from '../../support/until.ts'
import { closed, everything, several, untilOnlyOthersRun } from './changed-rules.ts'

async function beginSession(t: Test, { auth0, redis }: Cluster): Promise<string> {
  const editor = await createSessionEditor(t, redis.url, clusterSecret)
  return editor.begin(sessionOf({ issuer: auth0.issuer }))
}

t.test('SIGHUP under TLS: HTTP/2 connections are given up gracefully, and no request fails', async (t) => {
  const { certificate, key } = await startCertificates(t)
  const port = await freePort()
  const server = { baseUrl: `https://localhost:${port}`, tls: { certificate, key } }
  const cluster = await startCluster(t, { port, server })
  const cookie = `__Host-stagedoor=${await beginSession(t, cluster)}`
  const clients = several.map(() => startHttp2Client(cluster, cookie))
  await until(() => clients.every(({ statuses }) => statuses.length > 2))
  const idle = connectHttp2(t, cluster)
  t.equal((await ask(idle, { ':path': '/closed', cookie })).headers[':status'], 200)

  const before = await cluster.workers()
  await cluster.rewriteConfig({ routes: [closed, everything] })
  cluster.hangUp()
  await untilOnlyOthersRun(cluster, before, 2)
  t.ok(idle.closed, 'who was idle was told to go')
  t.equal((await ask(connectHttp2(t, cluster), { ':path': '/closed', cookie })).headers[':status'], 403)

  const soFar = clients.map(({ statuses }) => statuses.length)
  await until(() => clients.every(({ statuses }, i) => statuses.length > (soFar[i] ?? 0) + 5))
  await Promise.all(clients.map((client) => client.stop()))
  t.same(new Set(clients.flatMap(({ statuses }) => statuses)), new Set([200]))
  t.same(
    clients.flatMap(({ failures }) => failures),
    [],
  )
  t.same(cluster.errors(), [])
  t.equal(await cluster.stop(), 0)
})

t.test('SIGHUP on a Unix socket: the socket goes from one to the others, and no request fails', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-socket-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'http.sock')
  const cluster = await startCluster(t, { server: { listen: { path: socketPath } } })
  const cookie = `stagedoor=${await beginSession(t, cluster)}`
  const clients = several.map(() => startClient({ socketPath }, cookie))
  await until(() => clients.every(({ statuses }) => statuses.length > 2))

  const before = await cluster.workers()
  await cluster.rewriteConfig({ routes: [closed, everything] })
  cluster.hangUp()
  await untilOnlyOthersRun(cluster, before, 2)
  const refused = several.map(() => startClient({ socketPath }, cookie, '/closed'))
  await until(() => refused.every(({ statuses }) => statuses.length > 0))

  const soFar = clients.map(({ statuses }) => statuses.length)
  await until(() => clients.every(({ statuses }, i) => statuses.length > (soFar[i] ?? 0) + 5))
  await Promise.all([...clients, ...refused].map((client) => client.stop()))
  t.same(new Set(refused.flatMap(({ statuses }) => statuses)), new Set([403]), 'the rule that was added is in force')
  t.same(new Set(clients.flatMap(({ statuses }) => statuses)), new Set([200]))
  t.same(
    clients.flatMap(({ failedPorts }) => failedPorts),
    [],
  )
  t.same(cluster.errors(), [])
  t.equal(await cluster.stop(), 0)
  await t.rejects(stat(socketPath), { code: 'ENOENT' }, 'nothing is left behind')
})
