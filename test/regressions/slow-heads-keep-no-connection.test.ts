import { once } from 'node:events'
import { connect } from 'node:net'

import t from 'tap'

import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

for (const bytes of ['GET /public HTTP/1.1\r\nHost: a\r\n', '', 'no HTTP\r\n\r\n']) {
  t.test(`a client that sends ${JSON.stringify(bytes)} and does not hang up is disconnected`, async (t) => {
    const stack = await startStack(t, { config: { server: { timeouts: { headers: '1s' } } } })
    const socket = connect({ port: Number(new URL(stack.url).port), host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => socket.destroy())
    socket.write(bytes)
    await once(socket.resume(), 'end')
    await until(() => stack.parts.overload.openConnections() === 0)
  })
}
