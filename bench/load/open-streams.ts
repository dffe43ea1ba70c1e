import { connect, type Socket } from 'node:net'

export type StreamKind = 'sse' | 'websocket' | 'download'

export type OpenStream = {
  socket: Socket
  /** What was sent to it is there: an event, a text, or the whole download. */
  hasArrived: boolean
  onData: (bytes: Buffer) => void
}

export type OpenTask = { target: string; kind: StreamKind; count: number; headers: readonly string[] }

/** A proxy with a full pool lets the next stream wait forever. */
const patienceMs = 10_000
const atATime = 100
const downloadBytes = 10 * 1_024 * 1_024

/** Opens one batch after the other, in place of those that failed too; ends early when a whole batch does, and says why. */
export async function openAll(task: OpenTask): Promise<OpenStream[]> {
  const opened: OpenStream[] = []
  while (opened.length < task.count) {
    const size = Math.min(atATime, task.count - opened.length)
    const batch = await Promise.allSettled(Array.from({ length: size }, () => open(task)))
    const successes = batch.filter((each) => each.status === 'fulfilled').map(({ value }) => value)
    opened.push(...successes)
    if (successes.length > 0) continue
    const [failure] = batch.filter((each) => each.status === 'rejected')
    process.stderr.write(`${opened.length} of ${task.count} opened, then: ${String(failure?.reason)}\n`)
    break
  }
  return opened
}

function open({ target, kind, headers }: OpenTask): Promise<OpenStream> {
  const { hostname, port, host } = new URL(target)
  const head = [...requestLines[kind], `Host: ${host}`, ...headers, '', ''].join('\r\n')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(head))
    socket.once('error', reject)
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')))
    socket.once('data', (first: Buffer) => {
      const status = first.toString('latin1', 9, 12)
      if (status !== '200' && status !== '101') return socket.destroy(new Error(`answered ${status}`))
      socket.setTimeout(0)
      const stream: OpenStream = { socket, hasArrived: false, onData: () => {} }
      stream.onData = arrivalOf[kind](stream, first.length)
      socket.on('data', (bytes: Buffer) => stream.onData(bytes))
      if (kind === 'download') socket.pause()
      return resolve(stream)
    })
  })
}

const requestLines: Record<StreamKind, readonly string[]> = {
  sse: ['GET /stream HTTP/1.1', 'Accept: text/event-stream'],
  websocket: [
    'GET /socket HTTP/1.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ],
  download: ['GET /10m.bin HTTP/1.1'],
}

const arrivalOf: Record<StreamKind, (stream: OpenStream, bytesBefore: number) => OpenStream['onData']> = {
  sse: (stream) => (bytes) => {
    if (bytes.includes('data: x')) stream.hasArrived = true
  },
  websocket: (stream) => () => {
    stream.hasArrived = true
  },
  download: (stream, bytesBefore) => {
    let missingBytes = downloadBytes - bytesBefore
    return (bytes) => {
      missingBytes -= bytes.length
      stream.hasArrived = missingBytes <= 0
    }
  },
}
