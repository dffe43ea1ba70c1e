import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createBrowser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

async function startRedisStack(t: Test, session: object = {}, now: () => number = Date.now) {
  const server = await startRedis(t)
  const stack = await startStack(t, { config: { session: { redis: { url: server.url, ...session } } }, now })
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(server.url) }, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  const keys = async (pattern: string) => (await redis.send('KEYS', pattern)) as string[]
  return { stack, server, redis, keys }
}

t.test('the cookie holds a reference, and Redis holds nothing readable without it', async (t) => {
  const { stack, redis, keys } = await startRedisStack(t)
  const { browser } = await stack.signIn()
  const cookie = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
  t.match(cookie, /^[\w-]{22}\.[\w-]{43}$/)
  const [key = ''] = await keys('stagedoor:session:*')
  const kept = JSON.stringify([await keys('*'), await redis.send('HGETALL', key)])
  for (const part of [...cookie.split('.'), 'jane', 'auth0|', 'platform-admin']) t.notMatch(kept, part, part)
})

t.test('a session expires in Redis with its idle timeout, and its indexes with its absolute one', async (t) => {
  const { stack, redis, keys } = await startRedisStack(t)
  await stack.signIn()
  const minutesLeft = async (pattern: string) =>
    Promise.all((await keys(pattern)).map(async (key) => Math.round(Number(await redis.send('PTTL', key)) / 60_000)))
  t.same(await minutesLeft('stagedoor:session:*'), [60])
  t.same(await minutesLeft('stagedoor:idx:*'), [720, 720])
})

t.test('indexes list the sessions of a user and of a login at Auth0, and drop ended or expired ones', async (t) => {
  const { stack, redis, keys } = await startRedisStack(t)
  const { browser } = await stack.signIn()
  const [first = ''] = await keys('stagedoor:session:*')
  const [bySub = ''] = await keys('stagedoor:idx:sub:*')
  const members = async (pattern: string) =>
    (await Promise.all((await keys(pattern)).map((key) => redis.send('SMEMBERS', key)))).flat()
  t.same(await members('stagedoor:idx:sub:*'), [first])
  t.same(await members('stagedoor:idx:sid:*'), [first])
  await redis.send('DEL', first)
  await stack.signIn()
  const [second = ''] = await keys('stagedoor:session:*')
  t.same(await redis.send('SMEMBERS', bySub), [second], 'a login sweeps out what expired')
  await stack.signIn(undefined, browser)
  await browser.open(`${stack.url}/.stagedoor/logout`)
  await browser.fetch(`${stack.url}/.stagedoor/logout`, { method: 'POST', headers: { origin: stack.url } })
  t.same(await members('stagedoor:idx:sub:*'), [second])
})

t.test('a cached session is found without a round trip', async (t) => {
  const { stack, redis } = await startRedisStack(t)
  const { browser } = await stack.signIn()
  await browser.fetch(`${stack.url}/x`)
  const commands = async () =>
    Number(/cmdstat_hmget:calls=(\d+)/.exec(String(await redis.send('INFO', 'commandstats')))?.[1])
  const before = await commands()
  for (let i = 0; i < 20; i++) t.equal((await browser.fetch(`${stack.url}/${i}`)).status, 200)
  t.equal(await commands(), before)
})

t.test('a session removed from Redis ends for a process when it next records its use', async (t) => {
  let now = Date.now()
  const { stack, redis, keys } = await startRedisStack(t, {}, () => now)
  const { browser } = await stack.signIn()
  t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
  await redis.send('DEL', ...(await keys('stagedoor:session:*')))
  t.equal((await browser.fetch(`${stack.url}/x`)).status, 200, 'this process remembers it')
  now += 7 * 60_000
  await until(async () => (await browser.fetch(`${stack.url}/x`)).status === 401)
  t.equal((await keys('stagedoor:session:*')).length, 0, 'and does not bring it back')
})

t.test('a logout ends the session at another replica', async (t) => {
  const { stack, server } = await startRedisStack(t)
  const port = await freePort()
  const config = { session: { redis: { url: server.url } } }
  const other = await startGateway(t, { auth0: stack.auth0, upstream: stack.origin.url, port, config })
  const { browser } = await stack.signIn()
  const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
  const statusThere = async () => (await createBrowser().fetch(`${other.url}/x`, { headers: { cookie } })).status
  t.equal(await statusThere(), 200)
  await browser.fetch(`${stack.url}/.stagedoor/logout`, { method: 'POST', headers: { origin: stack.url } })
  const startedAt = performance.now()
  await until(async () => (await statusThere()) === 401)
  t.comment(`ended at the other replica after ${Math.round(performance.now() - startedAt)} ms`)
})

t.test('another login in the same browser ends the previous session', async (t) => {
  let now = Date.now()
  const { stack } = await startRedisStack(t, {}, () => now)
  const { browser } = await stack.signIn()
  const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
  t.equal((await browser.open(`${stack.url}/.stagedoor/login?login_hint=jane@example.com`)).status, 200)
  now += 10_000
  t.equal((await createBrowser().fetch(`${stack.url}/x`, { headers: { cookie } })).status, 401)
  t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
})

t.test('past the grace time an outage gives 503 with Retry-After, ends no session, and recovers', async (t) => {
  const { stack, server } = await startRedisStack(t, { outageGrace: '0s' })
  const { browser } = await stack.signIn()
  await server.stop()
  const answerWith = async (status: number) => {
    for (;;) {
      const answer = await browser.fetch(`${stack.url}/x`)
      if (answer.status === status) return answer
      t.ok([200, 503].includes(answer.status))
      await nextTurn()
    }
  }
  const answer = await answerWith(503)
  t.match(answer.text, /STAGEDOOR_SESSION_STORE_UNAVAILABLE/)
  t.equal(answer.headers.get('retry-after'), '5')
  t.ok(browser.cookiesOf(stack.url).has('stagedoor'), 'the cookie stays')
  const page = await browser.open(`${stack.url}/`)
  t.equal(page.status, 503, 'a person gets a page, not a login')
  await server.start()
  await answerWith(401)
})
