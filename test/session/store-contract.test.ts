import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createLocalBus } from '../../src/revocation/bus.ts'
import { createRevocableStore } from '../../src/revocation/revocable-store.ts'
import { createRevocations, type Revocations } from '../../src/revocation/revocations.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { CoherentCache } from '../../src/session/coherent-cache.ts'
import { createCookieStore } from '../../src/session/cookie-store.ts'
import { createDeferredWrites } from '../../src/session/deferred-writes.ts'
import { createRecordSealer } from '../../src/session/record-sealer.ts'
import { RedisStore } from '../../src/session/redis-store.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { startRedis } from '../support/redis.ts'
import { sessionOf, sessionLimits as limits } from '../support/sessions.ts'

type Make = (secrets: readonly string[], revocations?: Revocations) => Promise<SessionStore>

const secret = 'a secret for tests, at least 32 characters'
const newer = 'another secret, which seals from now on …'

const newRevocations = (): Revocations => createRevocations({ bus: createLocalBus(), ...limits, now: Date.now })

/** The store as requests use it. */
const revocable = (kept: SessionStore, revocations: Revocations): SessionStore =>
  createRevocableStore(kept, { revocations, onSaved() {}, onUnshared() {}, now: Date.now })

async function cookieStores(): Promise<Make> {
  const shared = newRevocations()
  return async (secrets, revocations = shared) => {
    const { ended } = revocations
    const sealer = createSealer(secrets, 'session')
    return revocable(createCookieStore({ sealer, ended, cookieName: 'stagedoor' }), revocations)
  }
}

async function redisStores(t: Test): Promise<Make> {
  const server = await startRedis(t)
  return async (secrets, revocations = newRevocations()) => {
    const settings = { topology: { kind: 'single' as const, node: parseNode(server.url) }, timeoutMs: 30_000 }
    const redis = new Redis(settings)
    t.teardown(() => redis.close())
    await redis.attempted()
    const kept = new RedisStore({
      redis,
      sealer: createRecordSealer(secrets),
      cache: new CoherentCache({ events: createLocalBus().events, maxEntries: 10, outageGraceMs: 0, now: Date.now }),
      deferred: createDeferredWrites(redis.events),
      ended: revocations.ended,
      limits,
      randomBytes,
      now: Date.now,
    })
    return revocable(kept, revocations)
  }
}

for (const [name, start] of [
  ['cookie', cookieStores],
  ['redis', redisStores],
] as const) {
  t.test(`the ${name} store`, async (t) => {
    const make = await start(t)

    await t.test('finds what it saved, in this process and in another, and remembers it', async (t) => {
      const [here, there] = [await make([secret]), await make([secret])]
      const session = sessionOf()
      const value = String(await here.save(session))
      t.equal(there.recall(value), undefined)
      for (const store of [here, there]) {
        t.match(await store.find(value), { session, needsRewrite: false })
        t.same(store.recall(value)?.session, session)
      }
    })

    await t.test('finds no session for any other value', async (t) => {
      const store = await make([secret])
      const value = String(await store.save(sessionOf()))
      const last = value.at(-1) === 'A' ? 'B' : 'A'
      const other = String(await (await make([secret])).save(sessionOf()))
      const mixed = value.slice(0, -40) + other.slice(-40)
      for (const bad of ['', 'x', '..', `${value}x`, value.slice(1), mixed, `${value.slice(0, -4)}${last.repeat(4)}`]) {
        t.equal(store.recall(bad), undefined, bad)
        t.equal(await store.find(bad), undefined, bad)
      }
      t.ok(await store.find(value), 'and the real one is still there')
    })

    await t.test('a refreshed session is found under the new value and under the old one', async (t) => {
      const store = await make([secret])
      const session = sessionOf()
      const value = String(await store.save(session))
      const refreshed = { ...session, refreshedAt: session.refreshedAt + 1, refreshToken: 'second' }
      const next = String(await store.save(refreshed, { session, value }))
      t.equal((await store.find(next))?.session.refreshToken, 'second')
      t.equal(store.recall(value)?.session.refreshToken, 'second')
      t.equal((await store.find(value))?.session.refreshToken, 'second')
      t.equal(
        (await store.find(value))?.needsRewrite,
        value !== next,
        'the browser gets its cookie anew, if there is one',
      )
    })

    await t.test('the use of a session is kept', async (t) => {
      const store = await make([secret])
      const session = sessionOf()
      const value = String(await store.save(session))
      t.ok(await store.find(value))
      const usedAt = session.usedAt + 5_000
      const touched = await store.touch({ session: { ...session, usedAt }, value })
      t.equal(store.recall(touched)?.session.usedAt, usedAt)
      await until(async () => (await store.find(touched))?.session.usedAt === usedAt)
    })

    await t.test('an ended session is found under no value, and no write brings it back', async (t) => {
      const store = await make([secret])
      const session = sessionOf()
      const value = String(await store.save(session))
      await store.end(session)
      t.equal(store.recall(value), undefined)
      t.equal(await store.find(value), undefined)
      t.equal(await store.save({ ...session, refreshedAt: session.refreshedAt + 1 }, { session, value }), undefined)
      const touched = await (await make([secret])).touch({ session, value })
      t.equal(await store.find(touched), undefined)
      await store.end(session)
    })

    await t.test('a session that another process ended is not found, although it is cached', async (t) => {
      const revocations = newRevocations()
      const store = await make([secret], revocations)
      const session = sessionOf()
      const value = String(await store.save(session))
      await store.find(value)
      t.ok(store.recall(value))
      await revocations.revoke({ sessionId: session.id })
      t.equal(store.recall(value), undefined)
      t.equal(await store.find(value), undefined)
    })

    await t.test('a session without a sid of Auth0 is stored like any other', async (t) => {
      const store = await make([secret])
      const { providerSessionId: _none, ...session } = sessionOf()
      t.match(await store.find(String(await store.save(session))), { session })
    })

    await t.test(
      'after a rotation the old secret still opens a session, and its next use seals it with the new one',
      async (t) => {
        const value = String(await (await make([secret])).save(sessionOf()))
        const rotating = await make([newer, secret])
        const found = await rotating.find(value)
        t.equal(found?.needsRewrite, true)
        const touched = await rotating.touch({ session: found?.session ?? sessionOf(), value })
        const rotated = await make([newer])
        await until(async () => (await rotated.find(touched)) !== undefined)
        t.equal(await (await make(['a third secret, which opens nothing at all'])).find(touched), undefined)
      },
    )
  })
}

/** The Redis store records uses in the background. Only the test's own timeout limits the wait. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await nextTurn()
}
