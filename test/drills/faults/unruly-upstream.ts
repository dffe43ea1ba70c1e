import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

import type { Test } from 'tap'

/** How an upstream answers: as it should, or as one does that is slow, hangs, breaks off or lies. */
export type Manner =
  | 'well'
  | 'slowly'
  | 'never'
  | 'reset'
  | 'half'
  | 'half-in-chunks'
  | 'too-long'
  | 'twice'
  | 'garbage'

/** Each manner, and the status that somebody has to get before it was tried for long enough; none where the answer breaks off. */
export const manners: [manner: Manner, status?: number][] = [
  ['well', 200],
  ['slowly', 200],
  ['never', 504],
  ['reset', 502],
  ['half'],
  ['half-in-chunks'],
  ['too-long'],
  ['twice', 200],
  ['garbage', 502],
]

/** What an answer to nobody's question has in it. */
export const poison = '/poison'

export type UnrulyUpstream = {
  url: string
  manner: Manner
  /** Requests that came without an assertion. */
  unsigned: string[]
  requests: number
  openSockets(): number
  /** Cuts all connections and answers none, as after `kill -9`. */
  die(): Promise<void>
  comeBack(): Promise<void>
}

/** Answers each request with its target and assertion, over sockets, so that it can break every rule. */
export async function startUnrulyUpstream(t: Test): Promise<UnrulyUpstream> {
  const sockets = new Set<Socket>()
  let server = listenOn(0)
  await listening(server)
  const { port } = server.address() as AddressInfo
  const upstream: UnrulyUpstream = {
    url: `http://127.0.0.1:${port}`,
    manner: 'well',
    unsigned: [],
    requests: 0,
    openSockets: () => sockets.size,
    async die() {
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
    },
    async comeBack() {
      server = listenOn(port)
      await listening(server)
    },
  }
  t.teardown(() => upstream.die())
  return upstream

  function listenOn(at: number): Server {
    return createServer(serve).listen(at, '127.0.0.1')
  }

  function serve(socket: Socket): void {
    let received = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        answer(socket, received.slice(0, end))
        received = received.slice(end + 4)
      }
    })
  }

  function answer(socket: Socket, head: string): void {
    const target = /^\S+ (\S+)/.exec(head)?.[1] ?? ''
    const assertion = /\r\nx-stagedoor-assertion: (\S+)/i.exec(head)?.[1]
    upstream.requests += 1
    if (assertion === undefined) upstream.unsigned.push(target)
    const body = JSON.stringify({ target, assertion })
    const whole = answerOf(body, body.length)
    const ways: Record<Manner, () => void> = {
      well: () => socket.write(whole),
      slowly: () => void setTimeout(() => socket.write(whole), 200).unref(),
      never: () => undefined,
      reset: () => socket.resetAndDestroy(),
      half: () => socket.end(whole.slice(0, whole.length - 20)),
      // The chunk that would end the body is missing.
      'half-in-chunks': () => socket.end(chunked(body)),
      'too-long': () => socket.end(answerOf(body, body.length + 50)),
      twice: () => socket.write(whole + answerOf(`{"target":"${poison}"}`, poison.length + 13)),
      garbage: () => socket.end('HTTP/1.1 200 OK\nContent-Length: -5\r\n\r\n\0\0'),
    }
    ways[upstream.manner]()
  }
}

function answerOf(body: string, length: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`
}

function chunked(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => server.once('listening', () => resolve()).once('error', reject))
}
