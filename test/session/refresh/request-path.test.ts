import { setTimeout as delay } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { startRedis } from '../../support/redis.ts'
import { startStack, type Stack } from '../../support/stack.ts'

const minute = 60_000

/** A stack whose clock stands still until it is moved. */
async function startClockStack(t: Test, store: 'cookie' | 'redis', auth0: object = {}) {
  let offsetMs = 0
  const redis = store === 'redis' ? { redis: { url: (await startRedis(t)).url } } : {}
  const stack = await startStack(t, {
    config: { session: { ...redis, store }, auth0 },
    now: () => Date.now() + offsetMs,
  })
  return { stack, pass: (ms: number) => void (offsetMs += ms) }
}

const userOf = ({ auth0 }: Stack, email: string) => auth0.users.find((user) => user.email === email) ?? { id: '' }

const rolesOf = async (stack: Stack, browser: Awaited<ReturnType<Stack['signIn']>>['browser']) => {
  const { text, status } = await browser.fetch(`${stack.url}/.stagedoor/me`)
  return status === 200 ? (JSON.parse(text).roles as string[]) : status
}

for (const store of ['cookie', 'redis'] as const) {
  t.test(`with the ${store} store`, async (t) => {
    const { stack, pass } = await startClockStack(t, store)
    const { auth0 } = stack

    await t.test('a role taken away in Auth0 is gone within refreshEvery', async (t) => {
      const { browser } = await stack.signIn()
      t.same(await rolesOf(stack, browser), ['platform-admin', 'stagedoor-admin'])
      const { id } = userOf(stack, 'jane@example.com')
      auth0.switches.setRoles(id, ['developer'])
      t.same(await rolesOf(stack, browser), ['platform-admin', 'stagedoor-admin'])
      pass(10 * minute)
      t.same(await rolesOf(stack, browser), ['developer'])
      auth0.switches.setRoles(id, ['platform-admin', 'stagedoor-admin'])
    })

    await t.test(
      '50 parallel requests at the moment of expiry make one token call, and all are answered',
      async (t) => {
        const { browser } = await stack.signIn()
        pass(10 * minute)
        auth0.switches.resetCounters()
        const answers = await Promise.all(Array.from({ length: 50 }, () => browser.fetch(`${stack.url}/x`)))
        t.same([...new Set(answers.map(({ status }) => status))], [200])
        t.equal(auth0.counters.tokenRefreshToken, 1)
        pass(10 * minute)
        t.equal((await browser.fetch(`${stack.url}/x`)).status, 200, 'and the next refresh has the right token')
        t.equal(auth0.counters.tokenRefreshToken, 2)
      },
    )

    await t.test('a refused grant ends the session', async (t) => {
      const { browser } = await stack.signIn('max@example.com')
      const { id } = userOf(stack, 'max@example.com')
      await auth0.switches.blockUser(id)
      t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
      pass(10 * minute)
      t.equal((await browser.fetch(`${stack.url}/x`)).status, 401)
      await auth0.switches.blockUser(id, false)
      t.equal((await browser.fetch(`${stack.url}/x`)).status, 401, 'for good')
      t.equal(stack.parts.refreshes.ended, 1)
    })

    await t.test(
      'any other failure keeps the session until maxStale, and shows in metrics and readiness',
      async (t) => {
        const { browser } = await stack.signIn()
        auth0.switches.down('error', ['/oauth/token'])
        pass(10 * minute)
        const failedBefore = stack.parts.refreshes.failed
        t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
        t.equal(stack.parts.refreshes.failed, failedBefore + 1)
        t.match(JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/health/ready`)).text), { status: 'degraded' })
        for (let i = 0; i < 5; i++) {
          pass(9 * minute)
          t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
        }
        pass(15 * minute)
        t.equal((await browser.fetch(`${stack.url}/x`)).status, 401, 'past maxStale it does not count')
        await stack.admin.inject('/metrics')
        const shown = (await stack.admin.inject('/metrics')).body
        for (const pattern of [
          /^stagedoor_session_refreshes_total\{outcome="failed"\} [1-9]/m,
          /^stagedoor_session_refreshes_total\{outcome="ended"\} 1$/m,
          /^stagedoor_session_stale_requests_total\{outcome="served"\} 7$/m,
          /^stagedoor_session_stale_requests_total\{outcome="refused"\} 1$/m,
        ]) {
          t.match(shown, pattern)
        }
        auth0.switches.up()
        // The lease that stops other replicas goes by the clock of Redis, which does not jump.
        while ((await browser.fetch(`${stack.url}/x`)).status !== 200) {
          pass(10_000)
          await delay(100)
        }
        t.pass('and was not deleted')
        t.match(JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/health/ready`)).text), { status: 'ok' })
      },
    )

    // The client declares the purpose of a request. That must not let it keep roles that it lost.
    await t.test('a request for a file waits for fresh claims too, although its answer brings no cookie', async (t) => {
      const { browser } = await stack.signIn('max@example.com')
      await auth0.switches.blockUser(userOf(stack, 'max@example.com').id)
      pass(10 * minute)
      const { status } = await browser.fetch(`${stack.url}/x`, { headers: { 'sec-fetch-dest': 'image' } })
      t.equal(status, 401)
    })

    await t.test('a session without a refresh token keeps its claims', async (t) => {
      const { stack, pass } = await startClockStack(t, store, { scopes: ['openid', 'profile', 'email'] })
      const { browser } = await stack.signIn()
      pass(50 * minute)
      t.equal((await browser.fetch(`${stack.url}/x`)).status, 200)
      t.equal(stack.auth0.counters.tokenRefreshToken, 0)
    })
  })
}
