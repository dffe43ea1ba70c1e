import { type AddressInfo, createServer, type Socket } from 'node:net'

import type { Test } from 'tap'

import { readRequests, type ReadRequest } from '../../drills/desync/strict-reader.ts'
import { sendInPieces, sendWithoutEnd } from '../../support/raw-writes.ts'

const completeManners = [
  'well',
  'late',
  'in-pieces',
  'in-chunks',
  'hints',
  'closing',
  'until-close',
  'before-the-body',
  'twice',
  'too-long',
  'tunnel',
] as const
const brokenManners = ['half', 'half-in-chunks', 'reset', 'hang-up', 'silence', 'garbage', 'endless'] as const

/** How an upstream answers one request: by the rules of HTTP or against them. */
export const manners = [...completeManners, ...brokenManners] as const
export type Manner = (typeof manners)[number]

/** Manners that may give a client a complete answer. */
export const complete: ReadonlySet<Manner> = new Set(completeManners)

/** Matches the mark of a request. Every answer has one, too. */
export const markPattern = /\bm\d+-\d+-\d+\b/g

/** The mark of an answer that no request asked for. */
export const poison = 'm0-0-0'

export const bodyOf = (mark: string): string => `${mark} ${'.'.repeat(2_000)} ${mark}`

export type RawUpstream = {
  url: string
  /** Marks of the requests, in the order of their heads. */
  seen: string[]
  /** Malformed input that the gateway sent. */
  faults: string[]
  openSockets(): number
}

/** An upstream over raw sockets that answers each request as its path says: `/open/<mark>/<manner>`. */
export async function startRawUpstream(t: Test): Promise<RawUpstream> {
  const sockets = new Set<Socket>()
  const upstream: RawUpstream = { url: '', seen: [], faults: [], openSockets: () => sockets.size }
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    serve(socket, upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return upstream
}

function serve(socket: Socket, { seen, faults }: RawUpstream): void {
  let received = ''
  let begun = 0
  let answered = 0
  let isTunnel = false
  socket.on('data', (chunk: Buffer) => {
    if (isTunnel) {
      socket.write(chunk)
      return
    }
    received += chunk.toString('latin1')
    for (const request of requestsIn(received, faults).slice(answered)) {
      const { mark, manner } = askedIn(request)
      if (begun === answered) {
        begun += 1
        seen.push(mark)
      }
      if (!request.isWhole && manner !== 'before-the-body') return
      answered += 1
      isTunnel = manner === 'tunnel' && request.fields.some(([name]) => name === 'upgrade')
      if (isTunnel) socket.write(switching(mark) + received.slice(received.indexOf('\r\n\r\n') + 4))
      else answerBy[manner](socket, mark, request.method)
    }
  })
}

function requestsIn(received: string, faults: string[]): ReadRequest[] {
  try {
    return readRequests(received)
  } catch (error) {
    faults.push(String(error))
    return []
  }
}

function askedIn({ target }: ReadRequest): { mark: string; manner: Manner } {
  const [, , mark = '', manner = ''] = target.split('/')
  return { mark, manner: manner as Manner }
}

const switching = (mark: string): string =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Mark: ${mark}\r\n\r\n`

function answer(mark: string, method: string, { fields = '', length = bodyOf(mark).length } = {}): string {
  const body = method === 'HEAD' ? '' : bodyOf(mark)
  return `HTTP/1.1 200 OK\r\nX-Mark: ${mark}\r\n${fields}Content-Length: ${length}\r\n\r\n${body}`
}

function chunked(mark: string, method: string, last: string): string {
  const chunk = `${bodyOf(mark).length.toString(16)}\r\n${bodyOf(mark)}\r\n`
  return `HTTP/1.1 200 OK\r\nX-Mark: ${mark}\r\nTransfer-Encoding: chunked\r\n\r\n${method === 'HEAD' ? '' : chunk + last}`
}

const lastChunk = '0\r\n\r\n'

type Way = (socket: Socket, mark: string, method: string) => void

const answerBy: Record<Manner, Way> = {
  well: (socket, mark, method) => socket.write(answer(mark, method)),
  late: (socket, mark, method) => void setTimeout(() => socket.write(answer(mark, method)), 20),
  'in-pieces': (socket, mark, method) => sendInPieces(socket, answer(mark, method)),
  'in-chunks': (socket, mark, method) => socket.write(chunked(mark, method, lastChunk)),
  hints: (socket, mark, method) =>
    socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </${mark}>; rel=preload\r\n\r\n${answer(mark, method)}`),
  closing: (socket, mark, method) => socket.end(answer(mark, method, { fields: 'Connection: close\r\n' })),
  'until-close': (socket, mark, method) =>
    socket.end(answer(mark, method).replace(/Content-Length: \d+\r\n/, 'Connection: close\r\n')),
  'before-the-body': (socket, mark, method) => socket.write(answer(mark, method)),
  half: (socket, mark, method) => socket.end(answer(mark, method, { length: bodyOf(mark).length + 50 })),
  'half-in-chunks': (socket, mark, method) => socket.write(chunked(mark, method, ''), () => socket.resetAndDestroy()),
  reset: (socket) => socket.resetAndDestroy(),
  'hang-up': (socket) => socket.end(),
  silence: () => undefined,
  twice: (socket, mark, method) => socket.write(answer(mark, method) + answer(poison, method)),
  'too-long': (socket, mark, method) => socket.write(`${answer(mark, method)}${poison}`),
  endless(socket, mark, method) {
    const beginning = chunked(mark, method, '')
    if (method === 'HEAD') socket.write(beginning)
    else sendWithoutEnd(socket, beginning, '1\r\n.\r\n')
  },
  garbage: (socket) => socket.end('HTTP/1.1 200 OK\nContent-Length: -5\r\n\r\n\0\0'),
  tunnel: (socket, mark, method) => socket.write(answer(mark, method)),
}
