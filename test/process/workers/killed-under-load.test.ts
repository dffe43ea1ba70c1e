import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'

import { startCluster } from '../../support/cluster.ts'
import { startClient } from '../../support/keep-alive-client.ts'
import { portsConnectedTo } from '../../support/process-sockets.ts'

const clientCount = 16
const maxLoadMs = 90_000

async function until(isDone: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endsAt = performance.now() + maxLoadMs
  while (!(await isDone())) {
    if (performance.now() > endsAt) throw new Error(`not in time: ${what}`)
    await delay(5)
  }
}

t.test('killing a worker under load ends only its own connections', async (t) => {
  const cluster = await startCluster(t)
  const cookie = await cluster.signIn()
  const clients = Array.from({ length: clientCount }, () => startClient(cluster, cookie))
  await until(() => clients.every(({ statuses }) => statuses.length > 2), 'all clients are served')

  const before = await cluster.workers()
  const [killed = 0] = before
  const itsPorts = await portsConnectedTo(killed, cluster.port)
  t.ok(itsPorts.size > 0 && itsPorts.size < clientCount, `connections of it: ${itsPorts.size}`)
  process.kill(killed, 'SIGKILL')

  await until(async () => {
    const now = await cluster.workers()
    return now.length === 2 && !now.includes(killed)
  }, 'a new one replaces it')
  await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2'), 'it serves')
  const soFar = clients.map(({ statuses }) => statuses.length)
  await until(() => clients.every(({ statuses }, i) => statuses.length > (soFar[i] ?? 0) + 5), 'all are served on')
  await Promise.all(clients.map((client) => client.stop()))

  t.same(new Set(clients.flatMap(({ statuses }) => statuses)), new Set([200]), 'every answer is 200')
  const failed = clients.flatMap(({ failedPorts }) => failedPorts)
  t.same(
    failed.filter((port) => port === undefined || !itsPorts.has(port)),
    [],
    'only connections of the dead worker failed',
  )
  t.ok(failed.length <= itsPorts.size, 'and each once at most')
  t.match(cluster.errors(), [{ pid: killed, signal: 'SIGKILL', failuresInARow: 1, delayMs: 0 }])
  t.match(await cluster.metrics(), 'stagedoor_workers_replaced_total 1')
})
