import t from 'tap'

import { createSealer } from '../../../src/seal/sealer.ts'
import type { Session } from '../../../src/session/session.ts'
import { clusterSecret, startCluster } from '../../support/cluster.ts'

const elevenMinutes = 11 * 60_000

/** The same session, sealed as of a while ago, so that its claims are due to be refreshed. */
async function aged(cookie: string): Promise<string> {
  const sealer = createSealer([clusterSecret], 'session')
  const opened = await sealer.open(/stagedoor=([^;]+)/.exec(cookie)?.[1] ?? '')
  const session = opened?.payload as Session
  const { createdAt, refreshedAt, usedAt } = session
  const times = { createdAt: createdAt - elevenMinutes, refreshedAt: refreshedAt - elevenMinutes, usedAt }
  return `stagedoor=${await sealer.seal({ ...session, ...times })}`
}

t.test('of all workers one refreshes a session that lives in a cookie, and the others know of it', async (t) => {
  const cluster = await startCluster(t)
  const cookie = await aged(await cluster.signIn())
  cluster.auth0.switches.resetCounters()
  const askAll = () => Promise.all(Array.from({ length: 20 }, () => cluster.ask('/catalog', { cookie })))

  const answers = await askAll()
  t.same([...new Set(answers.map(({ status }) => status))], [200])
  t.equal(cluster.auth0.counters.tokenRefreshToken, 1)

  const later = await askAll()
  t.ok(
    later.every(({ headers }) => String(headers['set-cookie']).includes('stagedoor=')),
    'each brings the new cookie',
  )
  t.equal(cluster.auth0.counters.tokenRefreshToken, 1, 'a browser that kept the old cookie costs no further call')
})
