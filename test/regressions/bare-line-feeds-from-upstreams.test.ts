import t from 'tap'

import { startGateway, startRawOrigin } from '../proxy/support.ts'

/** Longer than the test may take, so that an answer that waits for this timeout fails the test. */
const headersTimeoutMs = 600_000

const answers: [what: string, bytes: string][] = [
  ['everywhere', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok'],
  ['behind the status line', 'HTTP/1.1 200 OK\ncontent-length: 2\r\n\r\nok'],
  ['behind a field', 'HTTP/1.1 200 OK\r\ncontent-length: 2\n\r\nok'],
  ['at the end of the head', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\nok'],
  ['in the first line that has come', 'HTTP/1.1 200 OK\n'],
]

for (const [what, bytes] of answers) {
  t.test(
    `an answer whose lines end in LF alone ${what} gives a 502 at once, on a connection that stays open`,
    async (t) => {
      const origin = await startRawOrigin(t, (_head, socket) => void socket.write(bytes, 'latin1'))
      const { url } = await startGateway(t, { upstream: { url: origin.url, headersTimeoutMs } })
      const answer = await fetch(url)
      t.same([answer.status, await answer.json()], [502, { code: 'STAGEDOOR_PROXY_BAD_RESPONSE' }])
    },
  )
}

t.test('an answer with bare line feeds that arrives byte by byte gives a 502 at once', async (t) => {
  const origin = await startRawOrigin(t, (_head, socket) => {
    for (const byte of 'HTTP/1.1 200 OK\r\na: b\nc: d') socket.write(byte)
  })
  const { url } = await startGateway(t, { upstream: { url: origin.url, headersTimeoutMs } })
  t.equal((await fetch(url)).status, 502)
})
