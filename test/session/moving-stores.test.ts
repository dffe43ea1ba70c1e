import t from 'tap'

import { startGateway } from '../support/gateway.ts'
import { startHouse } from '../support/house.ts'
import { startRedis } from '../support/redis.ts'

t.test(
  'moving from cookies to Redis and back: people log in once more, silently where Auth0 still knows them',
  async (t) => {
    const redis = await startRedis(t)
    // Minutes pass between the moves: logins right after each other would be taken for a browser without cookies.
    let passedMs = 0
    const now = () => Date.now() + passedMs
    const house = await startHouse(t, { config: { session: { store: 'cookie' } }, now })
    const { browser } = await house.signIn()
    let running = house.app
    const port = Number(new URL(house.url).port)
    const moveTo = async (store: 'cookie' | 'redis') => {
      await running.close()
      passedMs += 60_000
      const session = { store, redis: { url: redis.url } }
      running = (
        await startGateway(t, { auth0: house.auth0, upstream: house.origin.url, port, config: { session }, now })
      ).app
      house.auth0.switches.resetCounters()
    }

    for (const store of ['redis', 'cookie', 'redis'] as const) {
      await moveTo(store)
      t.equal(
        (await browser.fetch(`${house.url}/api`)).status,
        401,
        `${store}: a cookie of the other kind is no session`,
      )
      const page = await browser.open(`${house.url}/catalog`)
      t.match(page, { status: 200, url: `${house.url}/catalog` })
      t.match(house.auth0.counters, { authorize: 1, login: 0, tokenAuthorizationCode: 1 }, `${store}: one silent login`)
      t.equal((await browser.fetch(`${house.url}/api`)).status, 200)
    }
  },
)
