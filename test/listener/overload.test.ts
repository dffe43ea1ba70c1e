import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'

import t from 'tap'

import { ask, connectHttp2, startTlsGateway } from './support.ts'

t.test('the limit on connections holds over TLS, for HTTP/2 and HTTP/1.1', async (t) => {
  const gateway = await startTlsGateway(t, undefined, { maxConnections: 1 })
  const headers = { ':path': '/catalog', cookie: gateway.cookie }
  const first = connectHttp2(t, gateway)
  t.equal((await ask(first, headers)).headers[':status'], 200)

  const second = connectHttp2(t, gateway)
  const refused = await ask(second, headers)
  t.match(refused.headers, { ':status': 503, 'retry-after': '2', 'content-type': 'application/problem+json' })
  t.equal(JSON.parse(refused.text).code, 'STAGEDOOR_BOUNDARY_OVERLOADED')
  t.equal((await ask(second, { ':path': '/.stagedoor/health/live' })).headers[':status'], 200)

  const options = { rejectUnauthorized: false, agent: false, headers: { cookie: gateway.cookie } }
  const [response] = (await once(get(`${gateway.url}/catalog`, options), 'response')) as [IncomingMessage]
  t.match([response.statusCode, response.headers.connection], [503, 'close'])
  response.destroy()
  t.equal((await ask(first, headers)).headers[':status'], 200)
})
