import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'

import { startCluster } from '../support/cluster.ts'

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 30_000
  while (!(await isDone())) {
    if (performance.now() > endsAt) throw new Error('not in time')
    await delay(20)
  }
}

t.test('workers that cannot start are tried again ever later, while the others serve', async (t) => {
  const cluster = await startCluster(t, { stderr: 'ignore' })
  const cookie = await cluster.signIn()
  await cluster.rewriteConfig('server: { workers: 2 }')
  const [killed = 0] = await cluster.workers()
  process.kill(killed, 'SIGKILL')
  await until(() => cluster.errors.length >= 4)

  t.match(
    cluster.errors.slice(0, 4).map(({ failuresInARow, delayMs }) => [failuresInARow, delayMs]),
    [
      [1, 0],
      [2, 100],
      [3, 200],
      [4, 400],
    ],
  )
  t.match(String(cluster.errors[3]?.['msg']), 'keep ending soon after their start')
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200)
  t.match(JSON.parse((await cluster.ready()).text), {
    status: 'degraded',
    conditions: [{ name: 'workers', status: 'degraded', reason: '1 of 2 workers serve' }],
  })

  await cluster.rewriteConfig(undefined)
  await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2'))
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200)
})

t.test('when the first workers cannot start the command ends, and says so', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  await t.rejects(startCluster(t, { port, stderr: 'ignore' }), { message: 'the gateway ended at the start' })
})
