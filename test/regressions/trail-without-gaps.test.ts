import t from 'tap'

import { startCluster } from '../support/cluster.ts'
import { until } from '../support/until.ts'

// Records were log lines of level info: an operator who wanted fewer lines lost the trail.
t.test('decisions are recorded at every log.level', async (t) => {
  const gateway = await startCluster(t, { workers: 1, logLevel: 'error' })
  await gateway.ask('/catalog')
  const decisions = () => gateway.records.filter(({ audit }) => (audit as { event: string }).event === 'decision')
  await until(() => decisions().length > 0)
  t.match(decisions()[0], { level: 'info', audit: { path: '/catalog', reason: 'unauthenticated' } })
})
