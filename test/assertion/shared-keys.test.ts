import { setImmediate } from 'node:timers/promises'

import t from 'tap'

import { type KeyRing, rotate } from '../../src/assertion/key-ring.ts'
import { createKeys, type Keys } from '../../src/assertion/keys.ts'
import { generateStoredKey } from '../../src/assertion/signing-key.ts'

const dayMs = 86_400_000
const maxTurns = 2_000

async function newRing(): Promise<KeyRing> {
  return { current: await generateStoredKey(), next: await generateStoredKey(), rotatedAt: 0 }
}

/** Resolves when this key signs, or gives up after many turns of the event loop. */
async function untilSigning(keys: Keys, kid: string): Promise<boolean> {
  for (let turn = 0; turn < maxTurns && keys.current().kid !== kid; turn++) await setImmediate()
  return keys.current().kid === kid
}

t.test('what another process rotated to signs here too, and what is older does not', async (t) => {
  const first = await newRing()
  const second = rotate(first, await generateStoredKey(), dayMs)
  let tell: (ring: KeyRing) => void = () => t.fail('nobody listens')
  const store = {
    read: async () => first,
    write: async () => void t.fail('nothing of ours is written'),
    onChange: (listener: (ring: KeyRing) => void) => void (tell = listener),
  }
  const keys = await createKeys({ store, rotateEveryMs: 7 * dayMs, now: () => dayMs })
  t.teardown(() => keys.close())
  tell(second)
  t.ok(await untilSigning(keys, second.current.kid))
  tell(first)
  t.notOk(await untilSigning(keys, first.current.kid))
})

t.test('of two processes whose rotation is due, the second takes over what the first did', async (t) => {
  const due = await newRing()
  const done = rotate(due, await generateStoredKey(), 8 * dayMs)
  let reads = 0
  const store = {
    read: async () => (reads++ === 0 ? due : done),
    write: async () => void t.fail('it was rotated already'),
    alone: <Result>(work: () => Promise<Result>) => work(),
  }
  const keys = await createKeys({ store, rotateEveryMs: 7 * dayMs, now: () => 8 * dayMs })
  t.teardown(() => keys.close())
  t.ok(await untilSigning(keys, done.current.kid))
})

t.test('a ring that somebody took out of the store is rotated all the same', async (t) => {
  const due = await newRing()
  let reads = 0
  const store = { read: async () => (reads++ === 0 ? due : undefined), write: async () => undefined }
  const keys = await createKeys({ store, rotateEveryMs: 7 * dayMs, now: () => 8 * dayMs })
  t.teardown(() => keys.close())
  t.ok(await untilSigning(keys, due.next.kid))
  await keys.rotate()
  t.not(keys.current().kid, due.next.kid)
})
