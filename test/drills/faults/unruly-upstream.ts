import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

import type { Test } from 'tap'

import { sendInPieces, sendWithoutEnd } from '../../support/raw-writes.ts'

/** How an upstream answers: correctly, slowly, never, incompletely, falsely or endlessly. */
export type Manner =
  | 'well'
  | 'slowly'
  | 'in-pieces'
  | 'never'
  | 'reset'
  | 'half-open'
  | 'half'
  | 'half-in-chunks'
  | 'half-then-reset'
  | 'too-long'
  | 'too-short'
  | 'twice'
  | 'twice-apart'
  | 'garbage'
  | 'two-lengths'
  | 'endless-head'
  | 'endless-extension'

/** The answer that a client gets: with this status, with this error code, or broken off. */
export type Outcome = number | string

/** The outcome of an incomplete answer. */
export const brokenOff = 'broken off'

/** Each manner, and the outcome that some client has to get before the manner counts as tried. */
export const manners: [manner: Manner, outcome: Outcome][] = [
  ['well', 200],
  ['slowly', 200],
  ['in-pieces', 200],
  ['never', 'STAGEDOOR_PROXY_TIMEOUT'],
  ['reset', 'STAGEDOOR_PROXY_UNREACHABLE'],
  ['half-open', 'STAGEDOOR_PROXY_UNREACHABLE'],
  ['half', brokenOff],
  ['half-in-chunks', brokenOff],
  ['half-then-reset', brokenOff],
  ['too-long', brokenOff],
  ['too-short', 200],
  ['twice', 200],
  ['twice-apart', 200],
  ['garbage', 'STAGEDOOR_PROXY_BAD_RESPONSE'],
  ['two-lengths', 'STAGEDOOR_PROXY_BAD_RESPONSE'],
  ['endless-head', 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'],
  ['endless-extension', brokenOff],
]

/** The mark of an answer that no request asked for. */
export const poison = '/poison'

/** The mark of an answer that never ends, and must not look complete. */
export const unfinished = 'unfinished'

export type UnrulyUpstream = {
  url: string
  manner: Manner
  /** The number of requests without an assertion. */
  unsigned: string[]
  requests: number
  openSockets(): number
  /** Cuts all connections and answers none, as after `kill -9`. */
  die(): Promise<void>
  comeBack(): Promise<void>
}

/** Answers each request with its target and assertion. It writes to raw sockets, so that it can break every rule. */
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
    return createServer({ noDelay: true, allowHalfOpen: true }, serve).listen(at, '127.0.0.1')
  }

  function serve(socket: Socket): void {
    let received = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    // The gateway has half closed this connection, so it is not used again.
    socket.on('end', () => socket.destroy())
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
    answerBy(upstream.manner, socket, { target, assertion })
  }
}

type Said = { target: string; assertion: string | undefined }

function answerBy(manner: Manner, socket: Socket, said: Said): void {
  const whole = answerOf(JSON.stringify(said))
  const part = JSON.stringify({ ...said, [unfinished]: true })
  const more = answerOf(JSON.stringify({ target: poison }))
  const ways: Record<Manner, () => void> = {
    well: () => socket.write(whole),
    slowly: () => void setTimeout(() => socket.write(whole), 200).unref(),
    'in-pieces': () => sendInPieces(socket, whole),
    never: () => undefined,
    reset: () => socket.resetAndDestroy(),
    // Close only our side: the upstream still reads, and never answers.
    'half-open': () => socket.end(),
    half: () => socket.end(answerOf(part).slice(0, -20)),
    // The last chunk is missing.
    'half-in-chunks': () => socket.end(chunked(part)),
    'half-then-reset': () => socket.write(chunked(part), () => socket.resetAndDestroy()),
    'too-long': () => socket.end(answerOf(part, part.length + 50)),
    'too-short': () => socket.write(whole + more.slice(more.indexOf('{'))),
    twice: () => socket.write(whole + more),
    // Use one write, so that the second answer arrives before the next request: later bytes would be an answer to that one.
    // The gateway reads the two writes one after the other.
    'twice-apart': () => socket.write(filling(said) + more),
    garbage: () => socket.end('HTTP/1.1 200 OK\nContent-Length: -5\r\n\r\n\0\0'),
    'two-lengths': () => socket.end(whole.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n')),
    'endless-head': () => sendWithoutEnd(socket, 'HTTP/1.1 200 OK\r\n', `X-Endless: ${'a'.repeat(1_000)}\r\n`),
    'endless-extension': () => sendWithoutEnd(socket, `${chunked(part)}1;`, 'a'.repeat(1_000)),
  }
  ways[manner]()
}

function answerOf(body: string, length = body.length): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`
}

/** The size of one read of the gateway (`src/proxy/http1/connection-pool.ts`). */
const readBytes = 65_536

/** An answer that fills one read of the gateway: JSON may end in spaces. */
function filling(said: Said): string {
  const body = JSON.stringify(said)
  const headLength = answerOf('', readBytes - 100).length
  return answerOf(body.padEnd(readBytes - headLength))
}

function chunked(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => server.once('listening', () => resolve()).once('error', reject))
}
