import t from 'tap'

import { startBalancer } from '../support/balancer.ts'
import { startClient } from '../support/keep-alive-client.ts'
import { startReplicas } from '../support/replicas.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'

const clientCount = 12
const answersBetweenRestarts = 600

t.test('a rolling restart of three replicas behind a load balancer fails no request', async (t) => {
  const upstream = await startStreamingOrigin(t)
  const replicas = await startReplicas(t, 3, {}, { upstreamUrl: upstream.url })
  const { port, untilAllAreUp } = await startBalancer(
    t,
    replicas.all.map(({ url }) => Number(new URL(url).port)),
  )
  const cookie = await replicas.signIn()
  const url = `http://127.0.0.1:${port}`
  const clients = Array.from({ length: clientCount }, () => startClient({ port }, cookie))
  const answers = () => clients.reduce((sum, { statuses }) => sum + statuses.length, 0)
  const failures = () => clients.reduce((sum, { failedPorts }) => sum + failedPorts.length, 0)
  const untilMoreAnswers = async () => {
    const enough = answers() + answersBetweenRestarts
    await until(() => answers() >= enough || failures() > 0)
  }
  await untilAllAreUp()

  const sockets = await Promise.all(Array.from({ length: 6 }, () => openSocket(t, `${url}/socket`, cookie)))
  const streams = await Promise.all(Array.from({ length: 6 }, () => openAnswer(t, `${url}/stream`, cookie)))
  for (const replica of replicas.all) {
    await untilMoreAnswers()
    await replica.stop()
    await untilMoreAnswers()
    await replica.start()
    await untilAllAreUp()
  }
  await untilMoreAnswers()
  await Promise.all(clients.map((client) => client.stop()))

  const statuses = clients.flatMap((client) => client.statuses)
  t.equal(failures(), 0, 'no connection is cut under a request')
  t.same([...new Set(statuses)], [200], 'every answer is a success')
  // Each was opened before the first restart, and every replica has restarted since.
  const endings = await Promise.all(sockets.map(({ ended }) => ended))
  t.same(
    [...new Set(endings.map(({ code }) => code))],
    [1001],
    'WebSockets end with a code after which clients connect again',
  )
  await Promise.all(streams.map(({ ended }) => ended))
  t.comment(
    `${statuses.length} requests by ${clientCount} clients, ${failures()} failed; ${sockets.length} sockets, ${streams.length} streams`,
  )
})
