import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'

import { createBusyShare } from '../../src/overload/busy-share.ts'

t.test('a loop that computed was busy, one that waited was not, and each call asks since the one before', async (t) => {
  const busyShare = createBusyShare()
  await delay(0)
  busyShare()
  const until = performance.now() + 20
  while (performance.now() < until);
  await new Promise(setImmediate)
  const computed = busyShare()
  await delay(50)
  const waited = busyShare()
  t.ok(computed > waited, `${computed} after computing, ${waited} after waiting`)
  for (const share of [computed, waited]) t.ok(share >= 0 && share <= 1, `${share} is a share`)
})
