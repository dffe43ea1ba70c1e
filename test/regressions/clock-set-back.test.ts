import { mock } from 'node:test'

import t from 'tap'
import { request } from 'undici'

import { generateStoredKey, rotate } from '../../src/assertion/key-rotation.ts'
import { createMemoryKeyStore } from '../../src/assertion/key-store.ts'
import { Keys } from '../../src/assertion/keys.ts'
import { createMinter } from '../../src/assertion/minter.ts'
import { createLocalCounter } from '../../src/failed-attempts/counter-store.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const hourMs = 3_600_000
const minuteMs = 60_000

t.test('an assertion from before the clock was set back is not used any more', async (t) => {
  let now = 5 * hourMs
  const keys = await Keys.open({ store: createMemoryKeyStore(), rotateEveryMs: 24 * hourMs, now: () => now })
  t.teardown(() => keys.close())
  const minter = createMinter<object>({
    issuer: 'https://portal.example.com',
    type: 'stagedoor-assertion+jwt',
    audienceFor: () => 'urn:stagedoor:backstage',
    claims: (_who, { issuedAtSeconds, lifetimeSeconds }) => ({ exp: issuedAtSeconds + lifetimeSeconds }),
    lifetimeMs: 5 * minuteMs,
    currentKey: () => keys.current(),
    now: () => now,
    randomId: () => 'id',
  })
  const jane = {}
  await minter.mint(jane)
  t.ok(minter.recall(jane))
  now -= hourMs
  t.equal(minter.recall(jane), undefined)
})

t.test(
  'a key that took over while the clock was ahead is replaced at once, in a key ring that counts as newer',
  async (t) => {
    const [previous, current, next] = [await generateStoredKey(), await generateStoredKey(), await generateStoredKey()]
    const ahead = { previous, current, next, rotatedAt: 240 * hourMs }
    const fresh = await generateStoredKey()
    const ring = rotate(ahead, fresh, hourMs)
    t.match(ring, { current: next, next: fresh })
    t.equal(ring.signsFrom, undefined)
    t.ok(ring.rotatedAt > ahead.rotatedAt)
    t.equal(
      rotate(ahead, fresh, hourMs, minuteMs).signsFrom,
      hourMs + minuteMs,
      'others need no longer to read it than ever',
    )
  },
)

t.test('a key that took over while the clock was a year ahead signs no longer than any other', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const store = createMemoryKeyStore()
  const rotateEveryMs = 24 * hourMs
  ;(await Keys.open({ store, rotateEveryMs, now: () => 8_760 * hourMs })).close()
  let now = 0
  const rotated: string[] = []
  const keys = await Keys.open({ store, rotateEveryMs, now: () => now, onRotated: (kid) => void rotated.push(kid) })
  t.teardown(() => keys.close())
  for (const days of [1, 2]) {
    now += rotateEveryMs
    mock.timers.tick(rotateEveryMs)
    await until(() => rotated.length === days)
    // The next key is planned after that.
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(keys.current().kid, rotated[1])
})

t.test('a clock that is set back delays no client for longer than the window', async (t) => {
  let now = 5 * hourMs
  const counter = createLocalCounter(() => now)
  await counter.increment('somebody', minuteMs)
  t.match(await counter.increment('somebody', minuteMs), { current: 2, ttlMs: minuteMs })
  now -= 2 * hourMs
  t.match(await counter.increment('somebody', minuteMs), { current: 1, ttlMs: minuteMs })
})

t.test('a session whose start is further ahead than a session may last is refused until that time', async (t) => {
  let aheadMs = 0
  const stack = await startStack(t, { now: () => Date.now() + aheadMs })
  const { browser } = await stack.signIn()
  const cookie = [...browser.cookiesOf(stack.url)].map(([name, value]) => `${name}=${value}`).join('; ')
  const statusAt = async (hours: number): Promise<number> => {
    aheadMs = hours * hourMs
    const { statusCode, body } = await request(`${stack.directUrl}/`, {
      headers: { cookie, host: new URL(stack.url).host },
    })
    await body.dump()
    return statusCode
  }
  t.equal(await statusAt(0), 200)
  t.equal(await statusAt(-11), 200, 'a clock that is behind for a while signs nobody out')
  t.equal(await statusAt(-13), 401)
  t.equal(await statusAt(0), 200)
})

for (const store of ['cookie', 'redis'] as const) {
  t.test(
    `with the ${store} store, after the clock is set back each session is refreshed once, not by each request`,
    async (t) => {
      const redis = store === 'redis' ? { redis: { url: (await startRedis(t)).url } } : {}
      let aheadMs = 2 * hourMs
      const stack = await startStack(t, { now: () => Date.now() + aheadMs, config: { session: { ...redis, store } } })
      const { browser } = await stack.signIn()
      const statuses = async () =>
        [await browser.fetch(`${stack.url}/`), await browser.fetch(`${stack.url}/`)].map(({ status }) => status)
      aheadMs = 0
      t.same([await statuses(), stack.auth0.counters.tokenRefreshToken], [[200, 200], 1])
      aheadMs = 10 * minuteMs
      t.same([await statuses(), stack.auth0.counters.tokenRefreshToken], [[200, 200], 2], 'and then as often as ever')
    },
  )
}
