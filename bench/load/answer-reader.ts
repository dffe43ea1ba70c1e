/** One answer on a connection that carries one request at a time (RFC 9112 §6.3, as far as servers of JSON need it). */
export type Answer = { status: number; isLast: boolean; hasRetryAfter: boolean }

const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('\r\n0\r\n\r\n')
const emptyBody = Buffer.from('0\r\n\r\n')

/** Takes the bytes of a connection as they come; returns an answer once it has arrived whole. */
export function createAnswerReader(): (bytes: Buffer) => Answer | undefined {
  let pending: Buffer = Buffer.alloc(0)
  let answer: Answer | undefined
  let missingBytes = 0
  let isChunked = false

  const complete = (): Answer | undefined => {
    const whole = answer
    answer = undefined
    pending = Buffer.alloc(0)
    return whole
  }

  const takeBody = (bytes: Buffer): Answer | undefined => {
    if (!isChunked) {
      missingBytes -= bytes.length
      return missingBytes <= 0 ? complete() : undefined
    }
    // The end may be torn: the last bytes of what came before are kept.
    pending = pending.length === 0 ? bytes : Buffer.concat([pending.subarray(-lastChunk.length), bytes])
    return endsChunked(pending) ? complete() : undefined
  }

  return (bytes) => {
    if (answer !== undefined) return takeBody(bytes)
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    const end = pending.indexOf(headEnd)
    if (end === -1) return undefined
    const head = pending.toString('latin1', 0, end).toLowerCase()
    const body = pending.subarray(end + headEnd.length)
    answer = {
      status: Number(head.slice(9, 12)),
      isLast: isLast(head),
      hasRetryAfter: head.includes('\r\nretry-after:'),
    }
    isChunked = head.includes('\r\ntransfer-encoding: chunked')
    missingBytes = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
    pending = Buffer.alloc(0)
    return takeBody(body)
  }
}

const isLast = (head: string): boolean => head.includes('\r\nconnection: close')

const endsChunked = (bytes: Buffer): boolean =>
  bytes.equals(emptyBody) || bytes.subarray(-lastChunk.length).equals(lastChunk)
