/** One answer as a client reads it. `head` includes earlier interim answers. */
export type Answer = { status: number; head: string; body: string; isWhole: boolean }

export type Read = {
  /** Final answers, without interim ones. */
  answers: Answer[]
  isTunnel: boolean
  tunnel: string
}

/**
 * Reads the answers on a connection.
 * @param methods of the requests, in order: an answer to HEAD has no body
 * @param isClosed whether the connection has ended
 */
export function readAnswers(received: string, methods: readonly string[], isClosed: boolean): Read {
  const answers: Answer[] = []
  let at = 0
  let interim = ''
  while (at < received.length) {
    const end = received.indexOf('\r\n\r\n', at)
    if (end === -1) break
    const last = received.slice(at, end)
    const head = interim + last
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(last)?.[1])
    if (Number.isNaN(status)) throw new Error(`no answer begins with ${JSON.stringify(head.slice(0, 200))}`)
    at = end + 4
    if (status === 101)
      return {
        answers: [...answers, { status, head, body: '', isWhole: true }],
        isTunnel: true,
        tunnel: received.slice(at),
      }
    interim = status < 200 ? `${head}\r\n\r\n` : ''
    if (status < 200) continue
    const { body, length } = bodyIn(
      { head: last, status },
      received.slice(at),
      methods[answers.length] ?? 'GET',
      isClosed,
    )
    answers.push({ status, head, body, isWhole: length !== -1 })
    if (length === -1) break
    at += length
  }
  const isLastHere = answers.at(-1)?.isWhole !== false
  // Skip an incomplete answer.
  return { answers: isLastHere || isClosed ? answers : answers.slice(0, -1), isTunnel: false, tunnel: '' }
}

/** @returns the body and its length on the wire; -1 if its end is missing */
function bodyIn(
  { head, status }: { head: string; status: number },
  rest: string,
  method: string,
  isClosed: boolean,
): { body: string; length: number } {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (method === 'HEAD' || status === 204 || status === 304) return { body: '', length: 0 }
  if (length !== undefined) {
    const body = rest.slice(0, Number(length))
    return { body, length: body.length < Number(length) ? -1 : body.length }
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return { body: rest, length: isClosed ? rest.length : -1 }
  return chunksIn(rest)
}

function chunksIn(rest: string): { body: string; length: number } {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(rest.slice(at, lineEnd), 16)
    const end = lineEnd + 2 + size
    if (!(end + 2 <= rest.length)) return { body: body + rest.slice(lineEnd + 2), length: -1 }
    body += rest.slice(lineEnd + 2, end)
    at = end + 2
    if (size === 0) return { body, length: at }
  }
}
