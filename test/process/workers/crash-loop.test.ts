import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import t from 'tap'

import { startCluster } from '../../support/cluster.ts'
import { until } from '../../support/until.ts'

/** @throws the error of `process.kill`, unless the process has already ended */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

t.test('workers that keep crashing are restarted with growing delays, while the others serve', async (t) => {
  const cluster = await startCluster(t, { stderr: 'ignore' })
  const cookie = await cluster.signIn()
  const [, survivor] = await cluster.workers()
  const killOthers = async (): Promise<void> => {
    for (const pid of await cluster.workers()) if (pid !== survivor) kill(pid)
  }
  await until(async () => {
    await killOthers()
    return cluster.errors().length >= 4
  })

  t.match(
    cluster
      .errors()
      .slice(0, 4)
      .map(({ failuresInARow, delayMs }) => [failuresInARow, delayMs]),
    [
      [1, 0],
      [2, 100],
      [3, 200],
      [4, 400],
    ],
  )
  t.match(String(cluster.errors()[3]?.['msg']), 'keep ending soon after their start')
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200)
  await until(async () => {
    await killOthers()
    return JSON.parse((await cluster.ready()).text).conditions[0].reason === '1 of 2 workers serve'
  })

  await until(async () => (await cluster.metrics()).includes('stagedoor_workers 2'))
  t.equal((await cluster.ask('/catalog', { cookie })).status, 200)
})

t.test('the command ends with an error when the first workers cannot start', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  await t.rejects(startCluster(t, { port, stderr: 'ignore' }), { message: 'the gateway ended at the start' })
})
