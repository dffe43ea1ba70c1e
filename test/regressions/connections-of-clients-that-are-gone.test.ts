import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'

import t from 'tap'

import { jane, connectRaw, readUntil, startGateway as startProxy, startRawOrigin } from '../proxy/support.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** Whether the system sends keep-alive probes to a silent client (timer 2 of proc_net_tcp; IPv4). */
async function isProbed({ localPort, remotePort }: Socket): Promise<boolean> {
  const portIn = (address = ''): number => Number.parseInt(address.split(':')[1] ?? '', 16)
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/))
  const row = rows.find(([, local, remote]) => portIn(local) === remotePort && portIn(remote) === localPort)
  return row?.[5]?.startsWith('02:') === true
}

t.test(
  'a client that vanishes in the middle of an upload is detected',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const stack = await startStack(t, {
      upstream: (request, response) => request.resume().on('end', () => response.end()),
    })
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write('POST /public/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n')
    await until(() => stack.parts.overload.openConnections() === 1)
    await until(() => isProbed(socket))
  },
)

t.test('a WebSocket whose client has stopped reading ends with its session', async (t) => {
  const flood = Buffer.alloc(1_048_576, 'x')
  const origin = await startRawOrigin(t, (_head, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    while (socket.write(flood) || socket.writableLength < 16 * flood.length);
  })
  const { port, app, openConnections } = await startProxy(t, { upstream: { url: origin.url }, principal: jane })
  const taken = once(app.server, 'connection') as Promise<[Socket]>
  const head = ['GET / HTTP/1.1', 'Host: portal.example.com', 'Connection: Upgrade', 'Upgrade: websocket', '', '']
  const client = connectRaw(t, port, head.join('\r\n'))
  await readUntil(client, '101')
  client.pause()
  const [socket] = await taken
  await until(() => socket.writableNeedDrain)
  t.equal(openConnections.closeSession('session-1', 4401, 'The session has ended'), 1)
  await until(() => socket.destroyed)
})
