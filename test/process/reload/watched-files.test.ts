import { once } from 'node:events'
import { rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'

import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { stringify } from 'yaml'

import { ask, connectHttp2 } from '../../listener/support.ts'
import { createSessionEditor } from '../../support/aged-sessions.ts'
import { type CertificateFolder, startCertificates } from '../../support/certificates.ts'
import { type Cluster, clusterSecret, startCluster } from '../../support/cluster.ts'
import { freePort } from '../../support/ports.ts'
import { sessionOf } from '../../support/sessions.ts'
import { startStreamingOrigin } from '../../support/streams.ts'
import { until } from '../../support/until.ts'
import { mountVolume } from '../../support/volume.ts'
import { changesIn, closed, everything, sizes } from './changed-rules.ts'

// Starting is slow: all tests share one cluster.
for (const workers of sizes) {
  t.test(`${workers} workers`, async (t) => {
    const certificates = await startCertificates(t)
    const { certificate, key } = certificates
    const port = await freePort()
    const server = { baseUrl: `https://localhost:${port}`, tls: { certificate, key }, reload: 'watch' }
    const upstream = await startStreamingOrigin(t)
    const cluster = await startCluster(t, { port, server, workers, upstreamUrl: upstream.url })
    const editor = await createSessionEditor(t, cluster.redis.url, clusterSecret)
    const cookie = `__Host-stagedoor=${await editor.begin(sessionOf({ issuer: cluster.auth0.issuer }))}`
    const open = await openAll(t, cluster, cookie)
    const stack = { cluster, workers, cookie }
    await t.test('an edited file takes effect by itself', (t) => edit(t, stack))
    await t.test('new connections get the new certificate', (t) => exchange(t, stack, certificates))
    await t.test('symbolic links that Kubernetes replaces are followed to the new configuration and secrets', (t) =>
      exchangeLinks(t, stack),
    )
    t.same(open(), ['socket', 'stream', 'HTTP/2'], 'what was open before all of it still is')
    t.equal(await cluster.stop(), 0)
  })
}

type WatchedStack = { cluster: Cluster; workers: number; cookie: string }

/** Opens a WebSocket, an event stream and an HTTP/2 connection. @returns those that are open */
async function openAll(t: Test, cluster: Cluster, cookie: string): Promise<() => string[]> {
  const url = `wss://localhost:${cluster.port}/socket`
  const socket = new WebSocket(url, { headers: { cookie }, rejectUnauthorized: false })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  const session = connectHttp2(t, cluster)
  const stream = session.request({ ':path': '/stream', cookie, accept: 'text/event-stream' })
  await once(stream, 'data')
  // The stream ends with the gateway.
  stream.on('error', () => undefined).resume()
  return () => [
    ...(socket.readyState === WebSocket.OPEN ? ['socket'] : []),
    ...(stream.destroyed || stream.closed ? [] : ['stream']),
    ...(session.destroyed || session.closed ? [] : ['HTTP/2']),
  ]
}

/** Statuses over many new connections, so that every worker answers. */
async function statusesOf(t: Test, { cluster, cookie }: WatchedStack, path: string): Promise<Set<unknown>> {
  const asked = Array.from({ length: 8 }, async () => {
    const session = connectHttp2(t, cluster)
    const { headers } = await ask(session, { ':path': path, cookie })
    session.destroy()
    return headers[':status']
  })
  return new Set(await Promise.all(asked))
}

async function edit(t: Test, stack: WatchedStack): Promise<void> {
  const { cluster } = stack
  t.same(await statusesOf(t, stack, '/closed'), new Set([200]))
  await cluster.rewriteConfig({ routes: [closed, everything] })
  await until(async () => !(await statusesOf(t, stack, '/closed')).has(200))
  t.same(await statusesOf(t, stack, '/closed'), new Set([403]))
  const options = ['order of routes', 'routes.closed']
  t.match(
    changesIn(cluster),
    Array.from({ length: stack.workers }, () => ({ what: 'configuration', action: 'changed', options })),
  )
  await cluster.rewriteConfig({})
  await until(async () => !(await statusesOf(t, stack, '/closed')).has(403))
}

async function exchange(t: Test, stack: WatchedStack, certificates: CertificateFolder): Promise<void> {
  const { cluster, workers } = stack
  t.same(await namesAt(cluster), new Set(['first']))
  await certificates.issue('second')
  await until(async () => !(await namesAt(cluster)).has('first'))
  t.same(await namesAt(cluster), new Set(['second']))
  const ofCertificate = () => changesIn(cluster).filter((change) => /certificate/.test(JSON.stringify(change)))
  await until(() => ofCertificate().length === workers)
  t.match(ofCertificate()[0], { what: 'certificate of server.tls', action: 'changed' })

  const refusals = () =>
    (changesIn(cluster) as { what: string; action: string }[]).filter(
      ({ what, action }) => what === 'configuration' && action === 'refused',
    )
  await writeFile(certificates.certificate, 'no certificate')
  await until(() => refusals().length >= workers)
  t.same(await namesAt(cluster), new Set(['second']))
  const reason = /the certificate of server\.tls cannot be used: /
  t.match(JSON.parse((await cluster.ready()).text).conditions.at(-1), { name: 'configuration', reason })
  t.match(await cluster.metrics(), 'stagedoor_config_last_reload_successful 0')
  // Another process than the refusing one writes this line. A check of the certificate alone has its own line.
  const said = () =>
    cluster.errors().find(({ msg }) => /cannot be put in force; the old one stays in force/.test(String(msg)))
  await until(() => said() !== undefined)
  t.match(said(), { reason })
  await certificates.issue('third')
  await until(async () => !(await namesAt(cluster)).has('second'))
  await until(async () => (await cluster.metrics()).includes('stagedoor_config_last_reload_successful 1'))
}

/** The names in the certificates of new connections. */
async function namesAt({ port }: Cluster): Promise<Set<unknown>> {
  const names = Array.from({ length: 8 }, async () => {
    const socket = connect({ host: 'localhost', port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { CN } = socket.getPeerCertificate().subject
    socket.destroy()
    return CN
  })
  return new Set(await Promise.all(names))
}

async function exchangeLinks(t: Test, stack: WatchedStack): Promise<void> {
  const { cluster, workers } = stack
  const config = (sections: object, secret: string) => ({
    'stagedoor.yaml': stringify({ ...cluster.config, ...sections }),
    secret,
  })
  const volume = await mountVolume(t, config({}, 'the first secret of at least 32 characters'))
  const session = { ...cluster.config['session'], secrets: [clusterSecret, { $file: join(volume.folder, 'secret') }] }
  await volume.publish(config({ session }, 'the first secret of at least 32 characters'))
  await symlink(join(volume.folder, 'stagedoor.yaml'), `${cluster.file}.link`)
  await rename(`${cluster.file}.link`, cluster.file)
  const secretChanges = () =>
    changesIn(cluster).filter((change) => (change as { what: string }).what === 'secrets of the configuration')
  await until(() => secretChanges().length === workers)

  await volume.publish(config({ session, routes: [closed, everything] }, 'the first secret of at least 32 characters'))
  await until(async () => !(await statusesOf(t, stack, '/closed')).has(200))
  await volume.publish(config({ session }, 'the second secret of at least 32 characters'))
  await until(async () => !(await statusesOf(t, stack, '/closed')).has(403))
  await until(() => secretChanges().length === 2 * workers)
  await volume.publish(config({ session }, 'the third secret of at least 32 characters'))
  await until(() => secretChanges().length === 3 * workers)
  t.match(
    secretChanges(),
    Array.from({ length: 3 * workers }, () => ({ action: 'changed', options: ['session.secrets[1]'] })),
    'each process has all on record',
  )
  t.notMatch(JSON.stringify(cluster.records), /the (?:first|second|third) secret/)
  await volume.publish(config({ session, serverr: {} }, 'the third secret of at least 32 characters'))
  const place = /^cluster\.yaml:\d+ \(serverr\)$/
  await until(() =>
    changesIn(cluster).some((change) => place.test(String((change as { options?: string[] }).options?.[0]))),
  )
  t.same(await statusesOf(t, stack, '/closed'), new Set([200]))
}
