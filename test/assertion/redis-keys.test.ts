import { randomBytes } from 'node:crypto'

import { createLocalJWKSet, jwtVerify } from 'jose'
import t, { type Test } from 'tap'

import { assertionHeader } from '../../packages/assertion-contract/src/index.ts'
import { Keys } from '../../src/assertion/keys.ts'
import { createRedisKeyStore, type RedisKeyStoreOptions } from '../../src/assertion/redis-key-store.ts'
import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { createBrowser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const dayMs = 86_400_000
const secret = 'a secret for tests, at least 32 characters'
const newer = 'another secret, which seals from now on …'

async function connect(t: Test, url: string) {
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  const storeWith = (secrets: readonly string[], options: Partial<RedisKeyStoreOptions> = {}) =>
    createRedisKeyStore({ redis, sealer: createSealer(secrets, 'keys'), name: 'assertion', randomBytes, ...options })
  return { redis, storeWith }
}

async function open(t: Test, store: ReturnType<typeof createRedisKeyStore>, now = () => 0) {
  const rotated: string[] = []
  const onRotated = (kid: string) => void rotated.push(kid)
  const keys = await Keys.open({ store, rotateEveryMs: dayMs, now, onRotated })
  t.teardown(() => keys.close())
  return { keys, rotated, kids: () => keys.jwks().keys.map(({ kid }) => kid) }
}

t.test('processes that start at the same time share one key ring, which Redis cannot read', async (t) => {
  const { url } = await startRedis(t)
  const replicas = await Promise.all([1, 2, 3, 4].map(() => connect(t, url)))
  const opened = await Promise.all(replicas.map(({ storeWith }) => open(t, storeWith([secret]))))
  t.equal(new Set(opened.map(({ kids }) => kids().join())).size, 1)
  const kept = String(await replicas[0]?.redis.send('GET', 'stagedoor:keys:assertion'))
  t.match(kept, /^eyJ/, 'a sealed value')
  t.notMatch(kept, 'kty')
})

t.test('if the rotation is due at several processes, one rotates and the others follow', async (t) => {
  const { url } = await startRedis(t)
  let now = 0
  const replicas = await Promise.all([1, 2, 3].map(() => connect(t, url)))
  const first = await Promise.all(replicas.map(({ storeWith }) => open(t, storeWith([secret]), () => now)))
  const next = first[0]?.kids()[1]
  now = dayMs
  const again = await Promise.all(replicas.map(({ storeWith }) => open(t, storeWith([secret]), () => now)))
  const all = [...first, ...again]
  await until(() => all.every(({ keys }) => keys.current().kid === next))
  t.same(
    all.flatMap(({ rotated }) => rotated),
    [next],
  )
})

t.test('a key ring under an older secret is resealed, and one under an unknown secret is left unchanged', async (t) => {
  const { url } = await startRedis(t)
  const { redis, storeWith } = await connect(t, url)
  const { kids } = await open(t, storeWith([secret]))
  await storeWith([newer, secret]).read()
  t.same((await open(t, storeWith([newer]))).kids(), kids())
  const kept = await redis.send('GET', 'stagedoor:keys:assertion')
  await t.rejects(storeWith([secret]).read(), /none of session\.secrets opens/)
  const lost = await open(t, storeWith([secret]))
  t.notOk(lost.keys.isReady())
  t.equal(await redis.send('GET', 'stagedoor:keys:assertion'), kept)
})

t.test('a writer whose lock has expired writes nothing', async (t) => {
  const { url } = await startRedis(t)
  const { redis, storeWith } = await connect(t, url)
  const store = storeWith([secret], { lockMs: 1 })
  const { keys } = await open(t, storeWith([secret]))
  const ring = await store.read()
  const kept = await redis.send('GET', 'stagedoor:keys:assertion')
  await t.rejects(async () => store.write(ring as never), /ran out/)
  t.equal(await redis.send('GET', 'stagedoor:keys:assertion'), kept)
  await redis.send('SET', 'stagedoor:keys:assertion:lock', 'a process that hangs')
  const alone = async () => store.shared?.alone(async () => t.fail('not alone'))
  await t.rejects(alone, { name: 'RedisUnavailable' })
  t.ok(keys.isReady())
})

t.test('assertions and machine tokens of one gateway verify with the keys of another', async (t) => {
  const server = await startRedis(t)
  const config = {
    session: { store: 'redis', redis: { url: server.url } },
    assertion: { keys: { store: 'redis' } },
    machines: { keys: { store: 'redis' } },
  }
  const stack = await startStack(t, { config })
  const port = await freePort()
  const other = await startGateway(t, { auth0: stack.auth0, upstream: stack.origin.url, port, config })
  const { browser } = await stack.signIn()
  const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
  const fetchJson = async (url: string) => JSON.parse((await createBrowser().fetch(url)).text)
  for (const path of ['/.stagedoor/jwks.json', '/.stagedoor/machines/jwks.json']) {
    t.same(await fetchJson(`${stack.url}${path}`), await fetchJson(`${other.url}${path}`), path)
  }
  for (const [one, two] of [
    [stack.url, other.url],
    [other.url, stack.url],
  ] as const) {
    const seen = JSON.parse((await createBrowser().fetch(`${one}/x`, { headers: { cookie } })).text)
    const assertion = seen.headers[assertionHeader.toLowerCase()] as string
    const keys = createLocalJWKSet(await fetchJson(`${two}/.stagedoor/jwks.json`))
    t.match((await jwtVerify(assertion, keys)).payload, { kind: 'user' })
  }
})

t.test('a gateway whose keys cannot be read yet serves requests that need none, and recovers', async (t) => {
  const server = await startRedis(t)
  await server.stop()
  const config = {
    session: { redis: { url: server.url } },
    assertion: { keys: { store: 'redis' } },
  }
  const stack = await startStack(t, { config })
  const readiness = async () => JSON.parse((await createBrowser().fetch(`${stack.url}/.stagedoor/health/ready`)).text)
  t.match(
    (await readiness()).conditions.find(({ name }: { name: string }) => name === 'signing-keys'),
    {
      status: 'degraded',
    },
  )
  await server.start()
  await until(async () => (await readiness()).status === 'ok')
  const { browser } = await stack.signIn()
  t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
})
