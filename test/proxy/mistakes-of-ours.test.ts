import { once } from 'node:events'
import type { Socket } from 'node:net'

import type { FastifyReply } from 'fastify'
import t from 'tap'

import { connectRaw, readUntil, startGateway, startRawOrigin } from './support.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'
const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n'

function broken(): never {
  throw new Error('a mistake of ours')
}

/** Each row: the part that breaks, where it breaks, and the client's view. */
const mistakes: [
  what: string,
  path: string,
  fields: string,
  breakIn: (reply: FastifyReply) => void,
  expected: RegExp,
][] = [
  [
    'the head of an answer',
    '/broken',
    '',
    (reply) => Object.assign(reply, { getHeaders: broken }),
    /^HTTP\/1\.1 500 [^]*STAGEDOOR_INTERNAL/,
  ],
  ['its body', '/broken', '', (reply) => Object.assign(reply.raw, { write: broken }), /^(?!.*whole)/],
  ['its end', '/broken', '', (reply) => Object.assign(reply.raw, { end: broken }), /^(?!.*whole)/],
  [
    'the head of a granted upgrade',
    '/broken',
    upgrade,
    (reply) => Object.assign(reply, { getHeaders: broken }),
    /^HTTP\/1\.1 500 [^]*STAGEDOOR_INTERNAL/,
  ],
]

for (const [what, path, fields, breakIn, expected] of mistakes) {
  t.test(`an internal error in ${what} ends only its request, and frees place and connection`, async (t) => {
    const first = Promise.withResolvers<Socket>()
    const origin = await startRawOrigin(t, (head, socket) => {
      first.resolve(socket)
      socket.write(head.includes('upgrade: websocket') ? switching : ok)
      setImmediate(() => socket.write('whole!'))
    })
    const { port, url, openConnections } = await startGateway(t, {
      upstream: { url: origin.url, maxConnections: 1, maxStreams: 1, maxWaiting: 0 },
      earlierStage: (app) =>
        app.addHook('onRequest', async (request, reply) => {
          if (request.raw.url === path) breakIn(reply)
        }),
    })
    const client = connectRaw(t, port, `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields || 'Connection: close\r\n'}\r\n`)
    const upstream = await first.promise
    const closed = upstream.closed ? undefined : once(upstream, 'close')
    t.match(await readUntil(client, undefined), expected)
    await closed
    t.equal(openConnections.size, 0)
    t.equal(await (await fetch(`${url}/other`)).text(), 'whole!', 'there is room again')
  })
}
