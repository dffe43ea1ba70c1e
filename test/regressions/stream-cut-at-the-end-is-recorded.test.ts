import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'
import { request } from 'undici'

import { temporaryFolder } from '../audit/support.ts'
import { startReplicas } from '../support/replicas.ts'
import { startStreamingOrigin } from '../support/streams.ts'

t.test('an event stream that SIGTERM cuts off is recorded', async (t) => {
  const { url: upstreamUrl } = await startStreamingOrigin(t)
  const path = join(await temporaryFolder(t), 'audit.jsonl')
  const sections = { audit: { sinks: [{ file: { path } }] } }
  const replicas = await startReplicas(t, 1, {}, { upstreamUrl, sections })
  const [replica] = replicas.all
  if (replica === undefined) throw new Error('no replica')
  const cookie = await replicas.signIn()
  const { body } = await request(`${replica.url}/stream`, { headers: { cookie, accept: 'text/event-stream' } })
  await once(body, 'data')
  body.on('error', () => undefined)
  await replica.stop()
  const records = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(
    records.filter((record) => record.path === '/stream'),
    [{ event: 'decision', outcome: 'allow', status: 200, principal: { name: 'Jane Doe' } }],
  )
  t.match(records.slice(-2), [{ event: 'stop' }, { event: 'checkpoint' }])
})
