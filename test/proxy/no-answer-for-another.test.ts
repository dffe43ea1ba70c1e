import type { Socket } from 'node:net'

import t from 'tap'

import { startGateway, startRawOrigin } from './support.ts'

const answer = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** Surplus bytes of an upstream. The tests send them with its answer, in the next turn, or after other requests. */
const surplus: [what: string, bytes: string][] = [
  ['an answer', answer('poison')],
  ['an answer to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\npoison'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nlink: </poison>\r\n\r\n'],
  ['the beginning of a head', 'HTTP/1.1 200 OK\r\nx-poison: '],
  ['an empty line and an answer', `\r\n${answer('poison')}`],
  ['nonsense', 'poison'],
]

const moments: [when: string, give: (socket: Socket, own: string, more: string) => void][] = [
  ['in the same bytes', (socket, own, more) => socket.write(own + more)],
  [
    'right behind it',
    (socket, own, more) => {
      socket.write(own)
      setImmediate(() => socket.write(more))
    },
  ],
  [
    'a few turns later',
    (socket, own, more) => {
      socket.write(own)
      setImmediate(() => setImmediate(() => setImmediate(() => socket.write(more))))
    },
  ],
]

/**
 * Surplus bytes of an upstream must not become the answer to the next person (response queue poisoning).
 * Bytes that wait on an idle connection are read before its next request, and close the connection. Bytes that arrive
 * after that request was written cannot be distinguished from its answer.
 */
for (const [what, bytes] of surplus) {
  for (const [when, give] of moments) {
    t.test(`${what} that no request asked for, sent ${when}, becomes the answer to no request`, async (t) => {
      let isGiven = false
      const origin = await startRawOrigin(t, (head, socket) => {
        const own = answer(head.split(' ')[1] ?? '')
        if (isGiven) return socket.write(own)
        isGiven = true
        return give(socket.setNoDelay(true), own, bytes)
      })
      const { url } = await startGateway(t, { upstream: { url: origin.url } })
      for (let request = 0; request < 6; request += 1) {
        const response = await fetch(`${url}/${request}`, { method: request % 2 === 0 ? 'GET' : 'POST' })
        const text = await response.text()
        if (response.status === 200) t.equal(text, `/${request}`)
        else t.equal(response.status, 502)
      }
    })
  }
}

t.test(
  'with concurrent requests to an upstream that repeats its answers, each gets its own answer or none',
  async (t) => {
    let asked = 0
    const origin = await startRawOrigin(t, (head, socket) => {
      const own = answer(head.split(' ')[1] ?? '')
      socket.setNoDelay(true).write(own)
      // Send a separate segment, which arrives before the next request can.
      if ((asked += 1) % 2 === 0) socket.write(own)
    })
    const { url } = await startGateway(t, { upstream: { url: origin.url } })
    let served = 0
    const person = async (name: number): Promise<void> => {
      for (let request = 0; request < 40; request += 1) {
        const response = await fetch(`${url}/${name}-${request}`)
        const text = await response.text()
        if (response.status !== 200) continue
        served += 1
        if (text !== `/${name}-${request}`) t.equal(text, `/${name}-${request}`)
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, name) => person(name)))
    t.ok(served > 100, `${served} of 640 served`)
  },
)
