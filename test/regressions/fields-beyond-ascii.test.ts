import type { Socket } from 'node:net'

import t from 'tap'

import { connectRaw, readUntil, startGateway, startRawOrigin } from '../proxy/support.ts'

// Bytes beyond ASCII in a field changed if the head of an answer arrived before its body. Those of a Content-Disposition after a
// Content-Length changed, or the answer became a 500.

/** Bytes written as latin-1: one letter in latin-1, and two in UTF-8. */
const values = ['caf\u00e9', Buffer.from('\u00e9\u4e2d', 'utf8').toString('latin1')]

for (const isHeadAlone of [false, true]) {
  t.test(`a head that arrives ${isHeadAlone ? 'before' : 'with'} its body keeps the bytes of its fields`, async (t) => {
    for (const value of values) {
      const fields = [`x-name: ${value}`, `content-disposition: attachment; filename="${value}"`]
      const head = ['HTTP/1.1 200 OK', 'content-length: 3', ...fields, '', ''].join('\r\n')
      let upstream: Socket | undefined
      const origin = await startRawOrigin(t, (_head, socket) => {
        upstream = socket
        socket.write(isHeadAlone ? head : `${head}one`, 'latin1')
      })
      const { port } = await startGateway(t, { upstream: { url: origin.url } })
      const client = connectRaw(t, port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const begin = await readUntil(client, '\r\n\r\n')
      if (isHeadAlone) upstream?.write('one')
      const lines = (begin + (await readUntil(client, undefined))).split('\r\n')
      t.strictSame([...fields.filter((field) => lines.includes(field)), lines.at(-1)], [...fields, 'one'])
    }
  })
}
