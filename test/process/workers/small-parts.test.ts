import t from 'tap'

import { createLocks } from '../../../src/process/workers/locks.ts'
import { isOurs, type ToWorker } from '../../../src/process/workers/messages.ts'
import { createPeers, handedTexts } from '../../../src/process/workers/peers.ts'
import { countFailure, restartDelayMs } from '../../../src/process/workers/restart-delay.ts'
import { worstOfEach } from '../../../src/process/workers/shown-by-all.ts'

t.test('a worker that lived long is replaced at once, one that keeps failing ever later', async (t) => {
  const rows: [lifetimeMs: number, failuresBefore: number, delayMs: number][] = [
    [60_000, 9, 0],
    [100, 0, 0],
    [100, 1, 100],
    [100, 2, 200],
    [100, 20, 10_000],
  ]
  for (const [lifetimeMs, before, delayMs] of rows) {
    t.equal(restartDelayMs(lifetimeMs, countFailure(lifetimeMs, before)), delayMs, `${lifetimeMs} ms, ${before} before`)
  }
})

t.test('of each condition the worst of all workers is shown', async (t) => {
  const shown = worstOfEach([
    { name: 'auth0', status: 'ok' },
    { name: 'redis', status: 'degraded', reason: 'away' },
    { name: 'auth0', status: 'unavailable', reason: 'gone' },
    { name: 'redis', status: 'ok' },
  ])
  t.same(shown, [
    { name: 'auth0', status: 'unavailable', reason: 'gone' },
    { name: 'redis', status: 'degraded', reason: 'away' },
  ])
})

t.test('a lock is given back by its holder only', async (t) => {
  const locks = createLocks()
  let granted = 0
  locks.lock(1, 'a', () => undefined)
  locks.lock(2, 'a', () => void (granted += 1))
  locks.unlock(2, 'a')
  t.equal(granted, 0)
  locks.leave(2)
  locks.unlock(1, 'a')
  t.equal(locks.size, 0)
  t.equal(granted, 0, 'who left is not granted anything')
})

t.test('messages of others are told apart', async (t) => {
  t.ok(isOurs({ kind: 'ready' }))
  for (const message of [undefined, null, 'ready', { cmd: 'NODE_CLUSTER' }, { kind: 1 }]) t.notOk(isOurs(message))
})

t.test('a worker waits for the texts of its configuration, and takes nothing else for them', async (t) => {
  let tell: (message: ToWorker) => void = () => undefined
  const handed = handedTexts({ onMessage: (listener) => void (tell = listener) })
  tell({ kind: 'reply', id: 1, value: [['a.yaml', 'wrong']] })
  tell({ kind: 'texts', texts: [['a.yaml', 'right']] })
  t.same(await handed, new Map([['a.yaml', 'right']]))
})

t.test('what a worker asked for is not answered by the texts of its configuration', async (t) => {
  let tell: (message: ToWorker) => void = () => undefined
  const peers = createPeers({ send: () => undefined, onMessage: (listener) => void (tell = listener) })
  const claimed = peers.claim('transaction', 1_000)
  tell({ kind: 'texts', texts: [['a.yaml', 'text']] })
  tell({ kind: 'reply', id: 1, value: true })
  t.equal(await claimed, true)
})
