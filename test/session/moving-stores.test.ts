import t from 'tap'

import { startGateway } from '../support/gateway.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'

t.test(
  'moving from cookies to Redis and back needs one new login, a silent one while the session at Auth0 lasts',
  async (t) => {
    const redis = await startRedis(t)
    // Minutes pass between the moves: logins in quick succession would look like a browser without cookies.
    let passedMs = 0
    const now = () => Date.now() + passedMs
    const stack = await startStack(t, { config: { session: { store: 'cookie' } }, now })
    const { browser } = await stack.signIn()
    let running = stack.app
    const port = Number(new URL(stack.url).port)
    const moveTo = async (store: 'cookie' | 'redis') => {
      await running.close()
      passedMs += 60_000
      const session = { store, redis: { url: redis.url } }
      running = (
        await startGateway(t, { auth0: stack.auth0, upstream: stack.origin.url, port, config: { session }, now })
      ).app
      stack.auth0.switches.resetCounters()
    }

    for (const store of ['redis', 'cookie', 'redis'] as const) {
      await moveTo(store)
      t.equal(
        (await browser.fetch(`${stack.url}/api`)).status,
        401,
        `${store}: a cookie of the other kind is no session`,
      )
      const page = await browser.open(`${stack.url}/catalog`)
      t.match(page, { status: 200, url: `${stack.url}/catalog` })
      t.match(stack.auth0.counters, { authorize: 1, login: 0, tokenAuthorizationCode: 1 }, `${store}: one silent login`)
      t.equal((await browser.fetch(`${stack.url}/api`)).status, 200)
    }
  },
)
