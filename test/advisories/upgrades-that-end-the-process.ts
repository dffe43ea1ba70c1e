import { connect } from 'node:net'

import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const upgrade = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
const plain = 'GET /public/x HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Bytes that a client writes on one connection before it resets it. */
const clients: [ids: string, bytes: string][] = [
  ['CVE-2026-130647', upgrade('/public/x') + upgrade('/public/y')],
  ['CVE-2026-130647', plain + upgrade('/public/x')],
  ['CVE-2026-130647', upgrade('/public/x') + plain],
  ['CVE-2026-130647', plain.replace('/public/x', '/.stagedoor/health/live') + upgrade('/public/x')],
  ['CVE-2026-129500', upgrade('/public/x')],
  ['CVE-2026-129500', upgrade('/guarded')],
  ['CVE-2026-129500', `${upgrade('/public/x')}\0\xff`],
]

t.test('a client that upgrades and disconnects at any moment ends only its own connection', async (t) => {
  const stack = await startStack(t)
  const { port } = new URL(stack.directUrl)
  for (const [ids, bytes] of clients) {
    for (const moment of ['written', 'answered'] as const) {
      let isClosed = false
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => undefined).on('close', () => (isClosed = true))
      socket.write(Buffer.from(bytes, 'latin1'), () => moment === 'written' && socket.resetAndDestroy())
      socket.on('data', () => moment === 'answered' && socket.resetAndDestroy())
      await until(() => isClosed)
      t.equal((await createBrowser().fetch(`${stack.url}/public/z`)).status, 200, `${ids}: ${moment}`)
    }
  }
})
