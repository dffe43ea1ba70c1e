import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'

import t, { type Test } from 'tap'

import { msUntilRotation, openStoredKey } from '../../src/assertion/key-rotation.ts'
import { createFileKeyStore, createMemoryKeyStore, isKeyRing, type KeyStore } from '../../src/assertion/key-store.ts'
import { Keys } from '../../src/assertion/keys.ts'
import { until } from '../support/until.ts'

const dayMs = 86_400_000
const kidsOf = (keys: { jwks(): { keys: { kid?: string }[] } }) => keys.jwks().keys.map(({ kid }) => kid)

async function createFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-keys-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

/** A path in a folder that does not exist yet. */
const keyFile = async (t: Test): Promise<string> => join(await createFolder(t), 'deep', 'keys.json')

t.test('the next key is published before it signs, and the previous one for the same time after', async (t) => {
  let now = 0
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: dayMs, now: () => now })
  t.teardown(() => keys.close())
  const [current, next] = kidsOf(keys)
  t.equal(keys.current().kid, current)
  await keys.rotate()
  t.equal(keys.current().kid, next)
  const [previous, , fresh] = kidsOf(keys)
  t.equal(previous, current)
  now += dayMs
  await keys.rotate()
  t.equal(keys.current().kid, fresh)
  t.notOk(kidsOf(keys).includes(current))
})

t.test('a key whose tokens may still be valid is dropped only on request', async (t) => {
  let now = 0
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: dayMs, now: () => now })
  t.teardown(() => keys.close())
  t.equal(await keys.rotate(), undefined, 'the first rotation drops none')
  const published = kidsOf(keys)
  now += 5 * 60_000
  t.equal(await keys.rotate(), keys.rotatedAt() + 6 * 60_000)
  t.same(kidsOf(keys), published)
  t.equal(await keys.rotate(true), undefined)
  t.same(kidsOf(keys).slice(0, 2), published.slice(1))
  now += 6 * 60_000
  t.equal(await keys.rotate(), undefined)
  t.same(kidsOf(keys)[0], published[2])
})

t.test('a rotation while the clock was ahead does not block the next one', async (t) => {
  let now = 10 * dayMs
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: 90 * dayMs, now: () => now })
  t.teardown(() => keys.close())
  await keys.rotate()
  now = 0
  t.equal(await keys.rotate(), undefined)
})

t.test('published keys have no private members', async (t) => {
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: dayMs, now: () => 0 })
  t.teardown(() => keys.close())
  for (const key of keys.jwks().keys) {
    t.same(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  }
})

t.test('keys in a file survive a restart, and only their owner can read them', async (t) => {
  const store = createFileKeyStore(await keyFile(t))
  const before = await Keys.open({ store, rotateEveryMs: dayMs, now: () => 0 })
  before.close()
  const after = await Keys.open({ store, rotateEveryMs: dayMs, now: () => 0 })
  after.close()
  t.same(kidsOf(after), kidsOf(before))
})

t.test('a key file has mode 0600', async (t) => {
  const path = await keyFile(t)
  const keys = await Keys.open({ store: createFileKeyStore(path), rotateEveryMs: dayMs, now: () => 0 })
  keys.close()
  t.equal((await stat(path)).mode & 0o777, 0o600)
})

t.test('a file that is no key file is not overwritten', async (t) => {
  const folder = await createFolder(t)
  for (const text of ['not json', '{}', '{"current":{"kid":"a"},"next":{"kid":"b"}}']) {
    const path = join(folder, 'keys.json')
    await writeFile(path, text)
    await t.rejects(Keys.open({ store: createFileKeyStore(path), rotateEveryMs: dayMs, now: () => 0 }), TypeError)
    t.equal(await readFile(path, 'utf8'), text)
  }
  for (const nothing of [null, undefined]) t.notOk(isKeyRing(nothing))
  await t.rejects(Keys.open({ store: createFileKeyStore(folder), rotateEveryMs: dayMs, now: () => 0 }), {
    code: 'EISDIR',
  })
})

t.test('a key that cannot sign is refused', async (t) => {
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: dayMs, now: () => 0 })
  keys.close()
  const { publicJwk, kid } = keys.current()
  await t.rejects(openStoredKey({ kid, jwk: publicJwk }), TypeError)
})

t.test('keys that are overdue at start are rotated at once', async (t) => {
  const store = createMemoryKeyStore()
  const first = await Keys.open({ store, rotateEveryMs: dayMs, now: () => 0 })
  first.close()
  const rotated = new Promise<string>((resolve) => {
    void Keys.open({ store, rotateEveryMs: dayMs, now: () => 2 * dayMs, onRotated: resolve }).then((keys) =>
      t.teardown(() => keys.close()),
    )
  })
  t.equal(await rotated, kidsOf(first)[1])
})

t.test('a rotation that cannot be stored has no effect', async (t) => {
  const kept = createMemoryKeyStore()
  const first = await Keys.open({ store: kept, rotateEveryMs: dayMs, now: () => 0 })
  first.close()
  const failure = new Error('disk full')
  const store = { read: () => kept.read(), write: () => Promise.reject(failure) }
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const keys = await Keys.open({ store, rotateEveryMs: dayMs, now: () => 2 * dayMs, onFailure: resolve })
  t.teardown(() => keys.close())
  t.equal(await promise, failure)
  t.equal(keys.current().kid, first.current().kid)
})

t.test('a failed rotation counts as overdue and is retried a minute later', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const kept = createMemoryKeyStore()
  ;(await Keys.open({ store: kept, rotateEveryMs: dayMs, now: () => 0 })).close()
  let isFull = true
  const store: KeyStore = {
    read: () => kept.read(),
    write: async (ring) => (isFull ? Promise.reject(new Error('disk full')) : kept.write(ring)),
  }
  const failed = Promise.withResolvers<unknown>()
  const rotated = Promise.withResolvers<string>()
  const keys = await Keys.open({
    store,
    rotateEveryMs: dayMs,
    now: () => 2 * dayMs,
    onFailure: failed.resolve,
    onRotated: rotated.resolve,
  })
  t.teardown(() => keys.close())
  await failed.promise
  t.equal(keys.isOverdue(), true)
  isFull = false
  mock.timers.tick(60_000)
  await rotated.promise
  t.equal(keys.isOverdue(), false)
})

t.test('keys that are closed during a rotation do not retry it', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const kept = createMemoryKeyStore()
  ;(await Keys.open({ store: kept, rotateEveryMs: dayMs, now: () => 0 })).close()
  const writing = Promise.withResolvers<void>()
  const written = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<unknown>()
  let reads = 0
  const store: KeyStore = {
    read() {
      reads += 1
      return kept.read()
    },
    write() {
      writing.resolve()
      return written.promise
    },
  }
  const keys = await Keys.open({ store, rotateEveryMs: dayMs, now: () => 2 * dayMs, onFailure: failed.resolve })
  await writing.promise
  keys.close()
  written.reject(new Error('disk full'))
  await failed.promise
  const readsBefore = reads
  mock.timers.tick(60_000)
  t.equal(reads, readsBefore)
})

t.test('a rotation is due when its period has passed', async (t) => {
  const ring = { rotatedAt: 1_000 }
  t.equal(msUntilRotation(ring, 500, 1_200), 300)
  t.equal(msUntilRotation(ring, 500, 9_000), 0)
})

t.test('an unreadable shared store is reported until the first read; later the keys in use stay', async (t) => {
  const kept = createMemoryKeyStore()
  let isAway = true
  let changed = (): void => undefined
  const store: KeyStore = {
    ...kept,
    read: () => (isAway ? Promise.reject(new Error('away')) : kept.read()),
    shared: {
      alone: (work) => work(),
      onChange(listener) {
        changed = listener
        return () => undefined
      },
      publishAheadMs: 0,
    },
  }
  let failures = 0
  const keys = await Keys.open({ store, rotateEveryMs: dayMs, now: () => 0, onFailure: () => void (failures += 1) })
  t.teardown(() => keys.close())
  // Once at the start, and once when the first keys were due.
  await until(() => failures === 2)
  changed()
  await until(() => failures === 3)
  isAway = false
  changed()
  await until(() => keys.isReady())
  isAway = true
  changed()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(failures, 3)
  t.ok(keys.current())
})
