import t, { type Test } from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const minute = 60_000

/** Ways in which a real server refuses writes while it answers reads, and their ends. */
const refusals = [
  ['READONLY', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  ['NOREPLICAS', ['CONFIG', 'SET', 'min-replicas-to-write', '1'], ['CONFIG', 'SET', 'min-replicas-to-write', '0']],
  ['OOM', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
] as const

async function startRefusingStack(test: Test, server: TestRedis) {
  let now = Date.now()
  const config = { session: { store: 'redis', redis: { url: server.url }, idleTimeout: '2h', maxStale: '30m' } }
  const stack = await startStack(test, { config, now: () => now })
  const startOther = async () =>
    startGateway(test, {
      auth0: stack.auth0,
      upstream: stack.origin.url,
      port: await freePort(),
      config,
      now: () => now,
    })
  const redisCondition = async () => {
    const { text } = await createBrowser().fetch(`${stack.url}/.stagedoor/health/ready`)
    return JSON.parse(text).conditions.find(({ name }: { name: string }) => name === 'redis')
  }
  return { stack, startOther, redisCondition, pass: (ms: number) => void (now += ms) }
}

for (const [code, begin, end] of refusals) {
  t.test(`${code}: sessions go on, logins get 503, and readiness and metrics say why`, async (t) => {
    const server = await startRedis(t)
    const { stack, startOther, redisCondition, pass } = await startRefusingStack(t, server)
    const { browser } = await stack.signIn()
    const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
    await server.command(...begin)
    await until(async () => (await redisCondition()).status === 'degraded')
    t.match((await redisCondition()).reason, code)
    t.match((await stack.admin.inject('/metrics')).payload, 'stagedoor_condition_ok{name="redis"} 0')

    const other = await startOther()
    const statuses = async () => [
      (await browser.fetch(`${stack.url}/x`)).status,
      (await createBrowser().fetch(`${other.url}/x`, { headers: { cookie } })).status,
    ]
    t.same(await statuses(), [200, 200], 'also at a process that has not seen the session')
    pass(13 * minute)
    t.same(await statuses(), [200, 200], 'also when it is due to be refreshed')
    t.equal((await stack.signIn()).page.status, 503, 'a login cannot be kept')

    pass(60 * minute)
    t.same(await statuses(), [503, 503], 'claims that are too old are not used, and nobody is logged out')
    await server.command(...end)
    // The login service uses the real time.
    pass(-73 * minute)
    await until(async () => (await redisCondition()).status === 'ok')
    await until(async () => (await statuses()).every((status) => status === 200))
    t.equal((await stack.signIn()).page.status, 200)
  })
}
