import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import t, { type Test } from 'tap'

import { startRawOrigin } from '../proxy/support.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

// An answer that broke off while it waited for the previous one still got its turn, and its client waited for the rest
// forever. It also counted as the last one: a handshake after it ended the process, and a refusal replaced the first answer.

const head = (path: string, more = ''): string => `GET /public/${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`
const handshake = head(
  'three',
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
)
const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none'

/** A client that has sent two requests. The first has no answer yet, and the answer to the second has broken off. */
async function startWithBrokenOff(t: Test, content = 'two') {
  const asked: string[] = []
  let answerFirst = (): void => undefined
  const origin = await startRawOrigin(t, (received, socket) => {
    asked.push(/\/public\/(\S+)/.exec(received)?.[1] ?? '')
    if (received.includes('/one ')) answerFirst = () => void socket.write(whole)
    if (received.includes('/two ')) socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n${content}`)
  })
  const stack = await startStack(t, { upstreamUrl: origin.url })
  const client = connect(Number(new URL(stack.directUrl).port), '127.0.0.1')
  t.teardown(() => client.destroy())
  client.write(head('one') + head('two'))
  const { openConnections } = stack.parts.proxy
  await until(() => asked.includes('two') && openConnections.size === 1)
  return { client, asked, answerFirst: () => answerFirst() }
}

for (const [where, content] of [
  ['behind its head', ''],
  ['in its body', 'two'],
] as const) {
  t.test(`an answer that broke off ${where} ends the connection at its turn`, async (t) => {
    const { client, answerFirst } = await startWithBrokenOff(t, content)
    answerFirst()
    t.match(await text(client), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\none$/)
  })
}

t.test('a handshake after an answer that broke off does not end the process', async (t) => {
  const { client, asked, answerFirst } = await startWithBrokenOff(t)
  client.write(handshake)
  await until(() => asked.includes('three'))
  answerFirst()
  t.match(await text(client), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\none$/)
})

for (const [what, bytes] of [
  ['a tunnel', 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['no HTTP', 'no HTTP\r\n\r\n'],
] as const) {
  t.test(`${what} after an answer that broke off does not replace the first answer`, async (t) => {
    const { client } = await startWithBrokenOff(t)
    client.write(bytes)
    t.equal(await text(client), '')
  })
}
