import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'

import { createBusyShare } from '../../src/overload/busy-share.ts'

t.test('a loop that computed was busy, one that waited was not, and each call asks since the one before', async (t) => {
  const busyShare = createBusyShare()
  await delay(100)
  const waited = busyShare()
  const until = performance.now() + 20
  while (performance.now() < until);
  await new Promise(setImmediate)
  const computed = busyShare()
  t.ok(waited >= 0 && waited < computed, `${waited} after waiting`)
  t.ok(computed > 0.5 && computed <= 1, `${computed} after computing: what came before does not count`)
})
