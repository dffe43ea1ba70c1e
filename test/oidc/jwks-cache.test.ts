import { generateKeyPairSync } from 'node:crypto'

import type { ExportedJWKSCache } from 'jose'
import t, { type Test } from 'tap'

import { JwksCache, type JwksCacheOptions } from '../../src/oidc/jwks-cache.ts'
import type { JwksStore } from '../../src/oidc/jwks-store.ts'

const minute = 60_000
const hour = 60 * minute

/** An issuer whose keys, failures and clock the test controls. */
async function startCache(t: Test, options: Partial<JwksCacheOptions> = {}) {
  let now = 1_000_000_000_000
  const issuer = { kids: ['a', 'b'], isDown: false, fetches: 0, key: ecKey, statuses: [] as string[] }
  const kept = new Map<string, ExportedJWKSCache>()
  const store: JwksStore = {
    read: async (name) => kept.get(name),
    write: async (name, entry) => void kept.set(name, structuredClone(entry)),
  }
  const base: JwksCacheOptions = {
    issuer: 'https://issuer.example/',
    async fetchJwks() {
      issuer.fetches += 1
      if (issuer.isDown) throw new Error('down')
      return JSON.stringify({ keys: issuer.kids.map((kid) => ({ ...issuer.key, kid })) })
    },
    timeoutMs: 5_000,
    store,
    refreshEveryMs: 5 * minute,
    keepForMs: 24 * hour,
    now: () => now,
    random: () => 0.5,
    onStatus: (status) => issuer.statuses.push(status),
    ...options,
  }
  const start = async () => {
    const cache = await JwksCache.open(base)
    t.teardown(() => cache.close())
    return cache
  }
  return { issuer, kept, start, pass: (ms: number) => void (now += ms), cache: await start() }
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const ecKey = newKey()

t.test('concurrent lookups make one request', async (t) => {
  const { cache, issuer } = await startCache(t)
  const found = await Promise.all(Array.from({ length: 50 }, () => cache.find('a')))
  t.ok(found.every((lookup) => lookup === 'known'))
  t.equal(issuer.fetches, 1)
})

t.test('due keys are refreshed in the background, and lookups do not wait', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  pass(4 * minute)
  t.ok(cache.recall('a'))
  t.equal(issuer.fetches, 1)
  pass(2 * minute)
  issuer.kids = ['b', 'c']
  t.ok(cache.recall('a'), 'still the old set while the new one is on its way')
  await cache.refresh()
  t.equal(issuer.fetches, 2)
  t.equal(cache.recall('a'), undefined, 'a withdrawn key is dropped at the next refresh')
  t.ok(cache.recall('c'))
})

t.test('an unchanged key keeps its text, and a key that changed under its id gets a new one', async (t) => {
  const { cache, issuer } = await startCache(t)
  await cache.find('a')
  const before = cache.recall('a')
  await cache.refresh()
  t.equal(cache.recall('a'), before)
  issuer.key = newKey()
  await cache.refresh()
  t.not(cache.recall('a'), before)
  t.ok(cache.recall('a'))
})

t.test('any number of unknown ids make one request in ten seconds, and are cached', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  for (let i = 0; i < 100; i++) t.equal(await cache.find(`made-up-${i}`), 'unknown')
  t.equal(issuer.fetches, 2)
  pass(10_001)
  t.equal(await cache.find('made-up-0'), 'unknown')
  t.equal(issuer.fetches, 2, 'this one was looked for already')
  t.equal(await cache.find('made-up-1'), 'unknown')
  t.equal(issuer.fetches, 3)
})

t.test('requests with a new key wait for one shared fetch, and all pass', async (t) => {
  const { cache, issuer } = await startCache(t)
  await cache.find('a')
  issuer.kids = ['b', 'c']
  const found = await Promise.all(Array.from({ length: 20 }, () => cache.find('c')))
  t.ok(found.every((lookup) => lookup === 'known'))
  t.equal(issuer.fetches, 2)
})

t.test('a new key is found even if the clock was set back since the last fetch', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  t.equal(await cache.find('made-up'), 'unknown')
  issuer.kids = ['c']
  pass(-hour)
  t.equal(await cache.find('c'), 'known')
})

t.test('an unknown id during an outage is not cached as unknown', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  issuer.isDown = true
  t.equal(await cache.find('c'), 'unknown')
  issuer.isDown = false
  issuer.kids = ['c']
  pass(10_001)
  t.equal(await cache.find('c'), 'known')
})

t.test('the last good keys are used through an outage, for the stated time and no longer', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  issuer.isDown = true
  pass(6 * minute)
  cache.recall('a')
  await cache.refresh()
  t.match(cache.status(), { status: 'stale', keys: 2 })
  pass(23 * hour)
  t.ok(cache.recall('a'), 'hours later still good')
  pass(2 * hour)
  t.equal(cache.recall('a'), undefined)
  t.equal(await cache.find('a'), 'unavailable')
  t.match(cache.status(), { status: 'none', keys: 0 })
  issuer.isDown = false
  pass(10 * minute)
  t.equal(await cache.find('a'), 'known', 'and comes back by itself')
  t.match(cache.status(), { status: 'fresh', ageMs: 0 })
  t.same(issuer.statuses, ['stale', 'fresh'])
})

t.test('during an outage requests are few, with growing delays', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  issuer.isDown = true
  pass(6 * minute)
  for (let second = 0; second < 600; second++) {
    cache.recall('a')
    await new Promise(setImmediate)
    pass(1_000)
  }
  t.ok(issuer.fetches <= 12, `${issuer.fetches} in ten minutes`)
})

t.test('answers with garbage, no keys or too many keys change nothing', async (t) => {
  let answer = JSON.stringify({ keys: [{ ...ecKey, kid: 'a' }] })
  const { cache } = await startCache(t, { fetchJwks: async () => answer })
  await cache.find('a')
  const many = Array.from({ length: 21 }, (_, i) => ({ ...ecKey, kid: `k${i}` }))
  for (answer of ['{"keys":[{"kty":', '{"keys":[]}', 'null', JSON.stringify({ keys: many })]) {
    await cache.refresh()
    t.ok(cache.recall('a'), answer.slice(0, 20))
  }
  t.match(cache.status(), { status: 'stale', keys: 1 })
})

t.test('after a restart during an outage stored keys verify, with their original age', async (t) => {
  const { cache, issuer, start, pass } = await startCache(t)
  await cache.find('a')
  cache.close()
  issuer.isDown = true
  pass(10 * hour)
  const restarted = await start()
  t.equal(await restarted.find('a'), 'known')
  pass(15 * hour)
  t.equal(await restarted.find('a'), 'unavailable', 'a restart does not make them younger')
})

t.test('stored keys that are unreadable or from the future are not used', async (t) => {
  const { issuer, kept, start } = await startCache(t)
  issuer.isDown = true
  kept.set('https://issuer.example/', { jwks: 'garbage' as never, uat: 999_999_999_999 })
  t.equal(await (await start()).find('a'), 'unavailable')
  kept.set('https://issuer.example/', { jwks: { keys: [{ ...ecKey, kid: 'a' }] }, uat: 9e15 })
  t.equal(await (await start()).find('a'), 'unavailable')
})

t.test('a failing store is reported and does not stop verification', async (t) => {
  const store: JwksStore = {
    read: async () => undefined,
    write: async () => {
      throw new Error('disk full')
    },
  }
  const { cache, issuer } = await startCache(t, { store })
  t.equal(await cache.find('a'), 'known')
  t.same(issuer.statuses, ['fresh'])
})

t.test('an issuer without keys at first is asked again at the next lookup', async (t) => {
  const { cache, issuer } = await startCache(t, {})
  issuer.kids = []
  await cache.refresh()
  issuer.kids = ['a']
  t.equal(await cache.find('a'), 'known')
  t.equal(issuer.fetches, 2)
})

t.test('at most a thousand unknown ids are cached, for half a minute', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  await Promise.all(Array.from({ length: 1_001 }, (_, i) => cache.find(`made-up-${i}`)))
  t.equal(issuer.fetches, 2, 'those that come together wait for one fetch')
  pass(10_001)
  t.equal(await cache.find('made-up-1'), 'unknown')
  t.equal(issuer.fetches, 2)
  t.equal(await cache.find('made-up-0'), 'unknown')
  t.equal(issuer.fetches, 3, 'the first has been forgotten')
  pass(30_001)
  t.equal(await cache.find('made-up-1'), 'unknown')
  t.equal(issuer.fetches, 4)
})

t.test('made-up ids cause no additional requests while the issuer does not answer', async (t) => {
  const { cache, issuer } = await startCache(t)
  await cache.find('a')
  issuer.isDown = true
  for (let i = 0; i < 100; i++) t.equal(await cache.find(`made-up-${i}`), 'unknown')
  t.equal(issuer.fetches, 2)
})

t.test('a closed cache makes no requests', async (t) => {
  const { cache, issuer, pass } = await startCache(t)
  await cache.find('a')
  cache.close()
  pass(hour)
  t.ok(cache.recall('a'))
  t.equal(issuer.fetches, 1)
  await cache.refresh()
  t.equal(issuer.fetches, 2, 'but by hand')
})
