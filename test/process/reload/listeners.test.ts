import { once } from 'node:events'
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
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
import { closed, everything, hangUp, several, sizes } from './changed-rules.ts'

async function beginSession(t: Test, { auth0, redis }: Cluster): Promise<string> {
  const editor = await createSessionEditor(t, redis.url, clusterSecret)
  return editor.begin(sessionOf({ issuer: auth0.issuer }))
}

// Starting is slow: both tests share one cluster.
for (const workers of sizes) {
  t.test(`${workers} workers`, async (t) => {
    const { certificate, key } = await startCertificates(t)
    const port = await freePort()
    const server = { baseUrl: `https://localhost:${port}`, tls: { certificate, key } }
    const cluster = await startCluster(t, { port, server, workers })
    await t.test('after SIGHUP under TLS the new rules decide the next request on an HTTP/2 connection', (t) =>
      reloadUnderTls(t, cluster, workers),
    )
    await t.test('a Unix socket replaces a port with TLS, and SIGHUP fails no request on it', (t) =>
      moveToSocket(t, cluster, workers),
    )
  })
}

async function reloadUnderTls(t: Test, cluster: Cluster, workers: number): Promise<void> {
  const cookie = `__Host-stagedoor=${await beginSession(t, cluster)}`
  const clients = several.map(() => startHttp2Client(cluster, cookie))
  await until(() => clients.every(({ statuses }) => statuses.length > 2))
  const idle = connectHttp2(t, cluster)
  t.equal((await ask(idle, { ':path': '/closed', cookie })).headers[':status'], 200)

  await cluster.rewriteConfig({ routes: [closed, everything] })
  await hangUp(cluster, workers)
  t.equal((await ask(idle, { ':path': '/closed', cookie })).headers[':status'], 403, 'on the same connection')

  const soFar = clients.map(({ statuses }) => statuses.length)
  await until(() => clients.every(({ statuses }, i) => statuses.length > (soFar[i] ?? 0) + 5))
  await Promise.all(clients.map((client) => client.stop()))
  t.same(new Set(clients.flatMap(({ statuses }) => statuses)), new Set([200]))
  t.same(
    clients.flatMap(({ failures }) => failures),
    [],
  )
  t.same(cluster.errors(), [])
}

async function moveToSocket(t: Test, cluster: Cluster, workers: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-socket-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const socketPath = join(folder, 'http.sock')
  await leaveSocket(socketPath)
  const { tls: _tls, ...server } = cluster.config['server'] as { tls: object }
  const plain = { ...server, baseUrl: 'http://localhost', listen: { path: socketPath } }
  await cluster.rewriteConfig({ server: plain })
  await hangUp(cluster, workers)
  const cookie = `stagedoor=${await beginSession(t, cluster)}`
  const clients = several.map(() => startClient({ socketPath }, cookie))
  await until(() => clients.every(({ statuses }) => statuses.length > 2))

  await cluster.rewriteConfig({ server: plain, routes: [closed, everything] })
  await hangUp(cluster, workers)
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
}

/** Leaves a socket file without a listener, as a killed process does. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.old`)
  await once(server, 'listening')
  await rename(`${path}.old`, path)
  server.close()
}
