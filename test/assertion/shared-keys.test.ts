import { setImmediate } from 'node:timers/promises'

import t from 'tap'

import { type KeyRing, rotate, generateStoredKey } from '../../src/assertion/key-rotation.ts'
import { Keys } from '../../src/assertion/keys.ts'

const dayMs = 86_400_000
const maxTurns = 2_000

async function newRing(): Promise<KeyRing> {
  return { current: await generateStoredKey(), next: await generateStoredKey(), rotatedAt: 0 }
}

/** Resolves when this key signs, or after many turns of the event loop. */
async function untilSigning(keys: Keys, kid: string): Promise<boolean> {
  for (let turn = 0; turn < maxTurns && keys.current().kid !== kid; turn++) await setImmediate()
  return keys.current().kid === kid
}

/** A store that several processes share. The test changes its content and notifies them. */
function sharedStore(first: KeyRing) {
  const held = { ring: first as KeyRing | undefined, writes: 0, tell: () => undefined as void, isStopped: false }
  const store = {
    read: async () => held.ring,
    async write(ring: KeyRing) {
      held.ring = ring
      held.writes += 1
    },
    shared: {
      publishAheadMs: 60_000,
      alone: <Result>(work: () => Promise<Result>) => work(),
      onChange(listener: () => void) {
        held.tell = listener
        return () => void (held.isStopped = true)
      },
    },
  }
  return { held, store }
}

t.test('a key ring that another process rotated is used here, and an older one is not', async (t) => {
  const first = await newRing()
  const second = rotate(first, await generateStoredKey(), dayMs)
  const { held, store } = sharedStore(first)
  const keys = await Keys.open({ store, rotateEveryMs: 7 * dayMs, now: () => dayMs })
  held.ring = second
  held.tell()
  t.ok(await untilSigning(keys, second.current.kid))
  held.ring = first
  held.tell()
  t.notOk(await untilSigning(keys, first.current.kid))
  t.equal(held.writes, 0)
  keys.close()
  t.ok(held.isStopped)
})

t.test('if the rotation is due at two processes, the second adopts the rotation of the first', async (t) => {
  const due = await newRing()
  const { held, store } = sharedStore(due)
  let now = 6 * dayMs
  const keys = await Keys.open({ store, rotateEveryMs: 7 * dayMs, now: () => now })
  t.teardown(() => keys.close())
  const done = rotate(due, await generateStoredKey(), 7 * dayMs)
  held.ring = done
  now = 8 * dayMs
  held.tell()
  t.ok(await untilSigning(keys, done.current.kid))
  t.equal(held.writes, 0)
})

t.test('no key signs before it was published for long enough to be read by others', async (t) => {
  const first = await newRing()
  const { held, store } = sharedStore(first)
  let now = dayMs
  const keys = await Keys.open({ store, rotateEveryMs: 7 * dayMs, now: () => now })
  t.teardown(() => keys.close())
  const published = () => keys.jwks().keys.map(({ kid }) => kid)
  await keys.rotate()
  t.equal(keys.current().kid, first.next.kid, 'it was published for a day')
  const fresh = published().at(-1)
  now += 1_000
  await keys.rotate(true)
  t.equal(keys.current().kid, first.next.kid, 'the fresh one has only just been published')
  t.equal(await keys.rotate(true), dayMs + 60_000, 'and meanwhile nothing is rotated again')
  t.equal(held.writes, 2)
  t.ok(published().includes(first.next.kid))
  now += 59_000
  t.equal(keys.current().kid, fresh)
})

t.test('keys whose store is unreachable at the start are read once it is reachable', async (t) => {
  const first = await newRing()
  const { held, store } = sharedStore(first)
  let isAway = true
  const failures: unknown[] = []
  const read = async () => {
    if (isAway) throw new Error('away')
    return held.ring
  }
  const options = { store: { ...store, read }, rotateEveryMs: 7 * dayMs, now: () => dayMs }
  const keys = await Keys.open({ ...options, onFailure: (cause) => failures.push(cause) })
  t.teardown(() => keys.close())
  t.throws(() => keys.current())
  t.notOk(keys.isReady())
  t.same(keys.jwks(), { keys: [] })
  t.equal(keys.rotatedAt(), dayMs, 'what is not known yet counts as fresh')
  held.tell()
  isAway = false
  held.tell()
  while (!keys.isReady()) await setImmediate()
  t.equal(keys.current().kid, first.current.kid)
  t.equal(keys.rotatedAt(), first.rotatedAt)
  const away = { message: 'away' }
  t.match(failures, [away, away, away], 'at the start, when a rotation may be due, and at the first news')
  isAway = true
  const before = failures.length
  held.tell()
  await setImmediate()
  t.equal(failures.length, before, 'keys that are at hand go on')
})

t.test('a lost key ring is restored from this process', async (t) => {
  const first = await newRing()
  const { held, store } = sharedStore(first)
  const keys = await Keys.open({ store, rotateEveryMs: 7 * dayMs, now: () => dayMs })
  t.teardown(() => keys.close())
  held.ring = undefined
  held.tell()
  while (held.writes === 0) await setImmediate()
  t.same(held.ring, first)
})

t.test('a key ring that was removed from the store is still rotated', async (t) => {
  const due = await newRing()
  let reads = 0
  const store = { read: async () => (reads++ === 0 ? due : undefined), write: async () => undefined }
  const keys = await Keys.open({ store, rotateEveryMs: 7 * dayMs, now: () => 8 * dayMs })
  t.teardown(() => keys.close())
  t.ok(await untilSigning(keys, due.next.kid))
  await keys.rotate(true)
  t.not(keys.current().kid, due.next.kid)
})
