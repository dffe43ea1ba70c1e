import t from 'tap'

import { connectRaw, startGateway, startOrigin } from '../proxy/support.ts'
import { until } from '../support/until.ts'

// A client that hung up while a stage before the proxy waited, as for Redis, counted as present. Its request stayed in the
// list of open connections forever, and kept its place at the upstream if the answer was not small.

t.test(
  'the request of a client that disconnected while a stage waited is not sent and leaves nothing behind',
  async (t) => {
    const asked: unknown[] = []
    const statuses: number[] = []
    const origin = await startOrigin(t, ({ url }, response) => {
      asked.push(url)
      response.end(Buffer.alloc(300_000))
    })
    const gateway = await startGateway(t, {
      upstream: { url: origin.url, maxConnections: 1 },
      earlierStage(app) {
        app.addHook('onRequest', async ({ url }, reply) => {
          if (url !== '/left') return
          client.destroy()
          await until(() => reply.raw.destroyed)
        })
        app.addHook('onResponse', async (_request, reply) => void statuses.push(reply.statusCode))
      },
    })
    const client = connectRaw(t, gateway.port, 'GET /left HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => statuses.length > 0)
    const answer = await fetch(`${gateway.url}/next`)
    t.same([answer.status, (await answer.arrayBuffer()).byteLength], [200, 300_000])
    t.same([asked, statuses[0]], [['/next'], 499])
    await until(() => gateway.openConnections.size === 0)
  },
)
