import { setTimeout as delay } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createSessionEditor } from '../support/aged-sessions.ts'
import { type Replicas, replicaSecret, startReplicas } from '../support/replicas.ts'

const minute = 60_000
const people = ['jane@example.com', 'max@example.com', 'eve@example.com']

/** Sends requests for all sessions to all replicas in turn, six at a time, until stopped. */
function startLoad({ all }: Replicas, cookies: readonly string[]) {
  const statuses = new Map<number, number>()
  const withoutRetryAfter: string[] = []
  const stopped = new AbortController()
  let next = 0
  async function work(): Promise<void> {
    while (!stopped.signal.aborted) {
      const turn = next++
      const answer = await all[turn % all.length]?.fetch(`/${turn}`, cookies[turn % cookies.length] ?? '')
      const status = answer?.status ?? 0
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 503 && answer?.headers['retry-after'] === undefined) withoutRetryAfter.push(answer?.text ?? '')
      await delay(5)
    }
  }
  const workers = Promise.all(Array.from({ length: 6 }, work))
  return {
    async stop() {
      stopped.abort()
      await workers
      return { statuses: Object.fromEntries(statuses), withoutRetryAfter }
    },
  }
}

async function signInAll(replicas: Replicas): Promise<string[]> {
  const cookies: string[] = []
  for (let i = 0; i < 9; i++) cookies.push(await replicas.signIn(people[i % people.length]))
  return cookies
}

async function lostAmong({ all }: Replicas, cookies: readonly string[]): Promise<number> {
  const answers = await Promise.all(
    all.flatMap((replica) => cookies.map(async (cookie) => (await replica.fetch('/after', cookie)).status)),
  )
  return answers.filter((status) => status !== 200).length
}

async function untilReady({ all }: Replicas): Promise<void> {
  for (const replica of all) {
    while (!(await replica.fetch('/.stagedoor/health/ready', '')).text.includes('"status":"ok","conditions"')) {
      await delay(20)
    }
  }
}

t.test('drills under load at three replicas', async (t: Test) => {
  const replicas = await startReplicas(t, 3)
  const cookies = await signInAll(replicas)
  t.equal(await lostAmong(replicas, cookies), 0)

  await t.test('an outage of Redis loses no session, and sessions cached at a replica go on', async (t) => {
    const load = startLoad(replicas, cookies)
    await delay(300)
    await replicas.redis.stop()
    await delay(2_000)
    await replicas.redis.start()
    await untilReady(replicas)
    const { statuses, withoutRetryAfter } = await load.stop()
    t.same(
      Object.keys(statuses).filter((status) => !['200', '503'].includes(status)),
      [],
      'nobody is sent to login',
    )
    t.same(withoutRetryAfter, [])
    t.equal(await lostAmong(replicas, cookies), 0)
    t.comment(`Redis away for 2 s: answers ${JSON.stringify(statuses)}, sessions lost 0 of ${cookies.length}`)
  })

  await t.test(
    'a replica that starts while Redis is down answers 503 with Retry-After, and recovers by itself',
    async (t) => {
      const [replica] = replicas.all
      await replica?.stop()
      await replicas.redis.stop()
      await replica?.start()
      const answer = await replica?.fetch('/', cookies[0] ?? '')
      t.match(answer, { status: 503, headers: { 'retry-after': /^\d+$/ }, text: /STAGEDOOR_SESSION_STORE_UNAVAILABLE/ })
      const ready = await replica?.fetch('/.stagedoor/health/ready', '')
      t.match(ready, { status: 200, text: /"status":"degraded".*"redis","status":"degraded"/ })
      await replicas.redis.start()
      await untilReady(replicas)
      t.equal(await lostAmong(replicas, cookies), 0)
    },
  )

  await t.test(
    'an outage of Auth0 at the moment of expiry loses no session, and all are refreshed afterwards',
    async (t) => {
      const sessions = await createSessionEditor(t, replicas.redis.url, replicaSecret)
      for (const kind of ['refuse', 'error', 'garbage'] as const) {
        for (const cookie of cookies) await sessions.age(cookie, 10 * minute)
        replicas.auth0.switches.down(kind, ['/'])
        const load = startLoad(replicas, cookies)
        await delay(1_000)
        replicas.auth0.switches.up()
        const { statuses } = await load.stop()
        t.same(Object.keys(statuses), ['200'], kind)
        t.comment(`Auth0 away (${kind}): answers ${JSON.stringify(statuses)}, sessions lost 0 of ${cookies.length}`)
      }
      const isRefreshed = async (cookie: string) =>
        ((await sessions.read(cookie))?.refreshedAt ?? 0) > Date.now() - minute
      const load = startLoad(replicas, cookies)
      for (const cookie of cookies) while (!(await isRefreshed(cookie))) await delay(100)
      t.same(Object.keys((await load.stop()).statuses), ['200'])
      t.equal(await lostAmong(replicas, cookies), 0)
    },
  )

  await t.test('sessions refreshed during an outage of Redis are written when it is back', async (t) => {
    const sessions = await createSessionEditor(t, replicas.redis.url, replicaSecret)
    for (const cookie of cookies) await sessions.age(cookie, 10 * minute)
    replicas.auth0.switches.setSlowMs(1_000)
    replicas.auth0.switches.down('slow', ['/oauth/token'])
    replicas.auth0.switches.resetCounters()
    const load = startLoad(replicas, cookies)
    while (replicas.auth0.counters.token < cookies.length) await delay(20)
    await replicas.redis.stop()
    await delay(2_000)
    replicas.auth0.switches.up()
    await replicas.redis.start()
    await untilReady(replicas)
    const { statuses } = await load.stop()
    t.same(
      Object.keys(statuses).filter((status) => !['200', '503'].includes(status)),
      [],
    )
    t.equal(await lostAmong(replicas, cookies), 0)
    t.equal(replicas.auth0.counters.tokenRefreshToken, cookies.length, 'each session was refreshed once')
    t.comment(`Redis away during ${cookies.length} refreshes: ${JSON.stringify(statuses)}, sessions lost 0`)
  })
})
