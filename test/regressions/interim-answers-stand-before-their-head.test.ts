import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import t from 'tap'

import { startGateway, startRawOrigin } from '../proxy/support.ts'

const answerTo = (path: string): string =>
  `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\n${path.slice(1)}`
const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n'

const second: [what: string, request: string, interim: string, expected: RegExp][] = [
  ['early hints', 'GET /two HTTP/1.1\r\n', hints, /^HTTP\/1\.1 103 [^]*?\r\n\r\n/],
  [
    'the wish to continue',
    'POST /two HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n',
    '',
    /^HTTP\/1\.1 100 Continue\r\n\r\n/,
  ],
]

for (const [what, request, interim, expected] of second) {
  // node:http writes the head of an answer that waits for its turn before all bytes written earlier.
  t.test(`${what} of a pipelined request do not get into the body of its answer`, async (t) => {
    let answerFirst: (() => void) | undefined
    const origin = await startRawOrigin(t, (head, socket) => {
      if (head.includes('/one ')) answerFirst = () => socket.end(answerTo('/one'))
      else socket.end(interim + answerTo('/two')).on('close', () => answerFirst?.())
    })
    const { port } = await startGateway(t, { upstream: { url: origin.url } })
    const client = connect({ port, host: '127.0.0.1' })
    const body = request.startsWith('POST') ? 'b' : ''
    client.write(
      `GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n${request}Host: localhost\r\nConnection: close\r\n\r\n${body}`,
    )
    const received = await text(client)
    const [, first = '', rest = ''] = /^(HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\none)([^]*)$/.exec(received) ?? []
    t.not(first, '')
    t.match(rest, expected)
    t.match(rest.replace(expected, ''), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ntwo$/)
  })
}
