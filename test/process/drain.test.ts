import t from 'tap'
import { request } from 'undici'

import { startReplicas } from '../support/replicas.ts'
import { until } from '../support/until.ts'

t.test('after SIGTERM readiness answers 503, and requests are served until the drain period ends', async (t) => {
  // Longer than the requests below can take. The test kills the process at the end.
  const server = { timeouts: { drain: '10m', shutdown: '1h' } }
  const routes = [{ name: 'everything', path: '/**', allow: 'public' }]
  const { all } = await startReplicas(t, 1, {}, { server, sections: { routes } })
  const [replica] = all
  if (replica === undefined) throw new Error('no replica')
  const readiness = async () => {
    const { statusCode, body } = await request(`${replica.url}/.stagedoor/health/ready`)
    return { status: statusCode, text: await body.text() }
  }
  t.notMatch(await readiness(), { text: /shutting down/ })

  process.kill(replica.pid(), 'SIGTERM')
  await until(async () => (await readiness()).status === 503)
  t.match((await readiness()).text, /"name":"process","status":"unavailable","reason":"Stagedoor is shutting down"/)
  // Longer than the second in which a gateway without a drain shuts down.
  const endsAt = performance.now() + 2_500
  const answers = new Set<string>()
  while (performance.now() < endsAt) {
    const { status, headers } = await replica.fetch('/', '')
    answers.add(`${status} ${String(headers['connection'])}`)
  }
  t.same([...answers], ['200 close'], 'each new connection is served, once')
  await replica.kill()
})
