import t from 'tap'

import { everything, hangUp } from '../process/reload/changed-rules.ts'
import { startCluster } from '../support/cluster.ts'

t.test('the list of sessions covers the time since the start of the process, even after a reload', async (t) => {
  const cluster = await startCluster(t, { workers: 1 })
  const cookie = await cluster.signIn()
  const list = async () => JSON.parse((await cluster.ask('/.stagedoor/admin/sessions', { cookie })).text)
  const before = await list()
  await cluster.rewriteConfig({ routes: [everything, { name: 'other', path: '/other', allow: 'public' }] })
  await hangUp(cluster, 1)
  const after = await list()
  t.equal(after.since, before.since)
  t.equal(after.sessions[0].id, before.sessions[0].id)
})
