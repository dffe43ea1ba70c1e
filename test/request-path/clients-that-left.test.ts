import { connect } from 'node:net'

import t from 'tap'

import { machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

t.test('a refusal is recorded even if the client disconnects before the answer', async (t) => {
  let leave = () => {}
  let hasLeft = Promise.resolve()
  const stack = await startStack(t, {
    config: { machines: machinesIn, routes: [{ name: 'people', path: '/**', allow: { roles: ['developer'] } }] },
    async fetch(input, init) {
      if (String(input instanceof Request ? input.url : input).includes('jwks')) {
        leave()
        await hasLeft
      }
      return fetch(input, init)
    },
  })
  const { port } = new URL(stack.url)
  stack.app.server.once('connection', (socket) => {
    hasLeft = new Promise((resolve) => void socket.once('close', resolve))
  })
  const client = connect(Number(port), '127.0.0.1')
  t.teardown(() => client.destroy())
  leave = () => void client.resetAndDestroy()
  client.write(
    `GET /left HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${machineToken(stack.auth0)}\r\n\r\n`,
  )
  await until(() => stack.records().length > 0)
  t.match(stack.records(), [{ event: 'decision', outcome: 'deny', path: '/left', status: 403 }])
})
