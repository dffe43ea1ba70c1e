import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'

import { createSessionEditor } from '../../support/aged-sessions.ts'
import { replicaSecret, startReplicas } from '../../support/replicas.ts'

const minute = 60_000

t.test('three processes, one Redis', async (t) => {
  const replicas = await startReplicas(t, 3)
  const { auth0 } = replicas
  const sessions = await createSessionEditor(t, replicas.redis.url, replicaSecret)
  const fiftyRequests = (cookie: string) =>
    Promise.all(Array.from({ length: 50 }, async (_, i) => replicas.all[i % 3]?.fetch(`/${i}`, cookie)))

  await t.test('50 parallel requests at the moment of expiry make exactly one token call', async (t) => {
    const cookie = await replicas.signIn()
    await fiftyRequests(cookie)
    await sessions.age(cookie, 10 * minute)
    auth0.switches.resetCounters()
    const answers = await fiftyRequests(cookie)
    t.same([...new Set(answers.map((answer) => answer?.status))], [200])
    t.equal(auth0.counters.tokenRefreshToken, 1)
    t.comment(`50 requests at three replicas: ${auth0.counters.tokenRefreshToken} token call, 50 answered`)
    await sessions.age(cookie, 10 * minute)
    await fiftyRequests(cookie)
    t.equal(auth0.counters.tokenRefreshToken, 2, 'and the refresh token that it brought is the one in use')
  })

  await t.test(
    'a login service that takes 20 s gets one call, and no request waits for more than five seconds',
    async (t) => {
      const cookie = await replicas.signIn()
      await fiftyRequests(cookie)
      await sessions.age(cookie, 10 * minute)
      auth0.switches.resetCounters()
      auth0.switches.setSlowMs(20_000)
      auth0.switches.down('slow', ['/oauth/token'])
      const before = (await sessions.read(cookie))?.refreshedAt
      const startedAt = performance.now()
      let answered = 0
      while ((await sessions.read(cookie))?.refreshedAt === before) {
        for (const answer of await fiftyRequests(cookie)) answered += answer?.status === 200 ? 1 : 1_000_000
        await delay(200)
      }
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      t.equal(auth0.counters.token, 1)
      t.ok(answered < 1_000_000, 'every answer was 200')
      t.comment(
        `login service slow for ${seconds} s: ${auth0.counters.token} token call, ${answered} requests answered`,
      )
      auth0.switches.up()
    },
  )
})
