import { connect } from 'node:tls'

import { until } from '../../support/until.ts'

/** An HTTP/2 client without checks. It sends frames that Node's own client would refuse to send (RFC 9113). */
export type RawAnswer = {
  /** `:status` of the response head, if there was one. */
  status: number | undefined
  /** Whether the stream or the connection was reset. */
  isReset: boolean
}

export type RawField = [name: string, value: string]

export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7, continuation: 9 }
export const endStream = 0x1
export const endHeaders = 0x4

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** The connection preface of a client (RFC 9113 §3.4). */
export const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(frameTypes.settings, 0, 0, Buffer.alloc(0)),
])

/** Literal without indexing, no Huffman (RFC 7541 §6.2.2): any byte can be sent. */
export function encodeField([name, value]: RawField): Buffer {
  return Buffer.concat([Buffer.of(0), ...[name, value].flatMap((text) => [length(text), Buffer.from(text, 'latin1')])])
}

function length(text: string): Buffer {
  const bytes = [Math.min(text.length, 127)]
  for (let rest = text.length - 127; rest >= 0 && bytes[0] === 127; rest >>= 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.from(bytes)
}

// RFC 7541, Appendix A: the status codes with their own index.
const indexedStatus: Record<number, number> = { 8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500 }

/** @returns the status; 1 for a status without an index in the table */
function statusOf(block: Buffer): number {
  return indexedStatus[(block[0] ?? 0) & 0x7f] ?? 1
}

/** Sends one request on a new connection. */
export async function askRaw(port: number, fields: RawField[], body: string | undefined): Promise<RawAnswer> {
  const socket = connect({ port, host: 'localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  const answer: RawAnswer = { status: undefined, isReset: false }
  let isOver = false
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const size = 9 + received.readUIntBE(0, 3)
      take(received[3] ?? 0, received[4] ?? 0, received.subarray(9, size))
      received = received.subarray(size)
    }
  })
  socket.on('error', () => undefined)
  socket.on('close', () => void (isOver = true))

  function take(type: number, flags: number, payload: Buffer): void {
    if (type === frameTypes.headers) answer.status ??= statusOf(payload)
    if (type === frameTypes.reset || type === frameTypes.goAway) answer.isReset = true
    const mayEnd = type === frameTypes.headers || type === frameTypes.data
    if (answer.isReset || (mayEnd && (flags & endStream) !== 0)) isOver = true
  }

  const block = Buffer.concat(fields.map(encodeField))
  socket.write(
    Buffer.concat([
      preface,
      frame(frameTypes.headers, endHeaders | (body === undefined ? endStream : 0), 1, block),
      ...(body === undefined ? [] : [frame(frameTypes.data, endStream, 1, Buffer.from(body, 'latin1'))]),
    ]),
  )
  await until(() => isOver, 1)
  socket.destroy()
  return answer
}
