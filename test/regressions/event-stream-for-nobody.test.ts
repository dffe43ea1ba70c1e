import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'

import t from 'tap'

import { createEventLog } from '../../auth0/local/management/events.ts'
import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { startOrigin } from '../support/origin.ts'

t.test('the local Auth0 opens no event stream for a client that has hung up, and ends with its tests', async (t) => {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const arrived = Promise.withResolvers<[IncomingMessage, ServerResponse]>()
  const { url } = await startOrigin(t, (...parts) => arrived.resolve(parts))
  const client = connect(Number(new URL(url).port), '127.0.0.1', () =>
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  )
  const [request, response] = await arrived.promise
  const closed = once(response, 'close')
  client.destroy()
  await closed

  const events = createEventLog(auth0.tenant)
  t.equal(events.subscribe(request, response, new URLSearchParams()), undefined)
  t.equal(events.connections(), 0)
})
