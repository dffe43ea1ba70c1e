import { connect } from 'node:net'

import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test('a Content-Length without its body does not delay other clients (CVE-2024-28869)', async (t) => {
  const stack = await startStack(t)
  const { port } = new URL(stack.directUrl)
  const sockets = Array.from({ length: 50 }, () => connect(Number(port), '127.0.0.1'))
  for (const socket of sockets)
    socket
      .on('error', () => undefined)
      .write('POST /public/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nx')
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  t.equal((await createBrowser().fetch(`${stack.url}/public/y`)).status, 200)
})
