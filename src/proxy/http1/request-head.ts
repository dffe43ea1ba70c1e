import { UpstreamError } from './upstream-error.ts'

export type RequestHead = {
  method: string
  /** Path and query, as they are sent. */
  path: string
  /** Flat list of names and values: `Host` first (RFC 9110 §7.2), `Content-Length` if the length is known, no `Connection`. */
  headers: readonly string[]
  /** The protocol to switch to, which an upstream may accept with 101. */
  upgrade: string | undefined
  /** How the body is framed: by the `Content-Length` in `headers`, or in chunks; undefined without a body. */
  framing: 'length' | 'chunked' | undefined
}

/** The exact syntax of request line and field lines (RFC 9112 §3 and §5). */
const grammar =
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~\x80-\xff]+ HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)+\r\n$/

/** Methods that anticipate a body: without one they send `Content-Length: 0` (RFC 9110 §8.6). */
const expectsBody = new Set(['POST', 'PUT', 'PATCH'])

/**
 * The head of a request as latin-1.
 * @throws UPSTREAM_UNWRITABLE when any part breaks the syntax, wherever it came from. A value that would add a line of its
 * own is never sent.
 */
export function requestHead({ method, path, headers, upgrade, framing }: RequestHead): string {
  let text = `${method} ${path} HTTP/1.1\r\n${headers[0]}: ${headers[1]}\r\n`
  text += upgrade === undefined ? 'connection: keep-alive\r\n' : `connection: upgrade\r\nupgrade: ${upgrade}\r\n`
  for (let i = 2; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  const framingLine = framingOf(method, framing)
  text += `${framingLine}\r\n`

  const lines = headers.length / 2 + (upgrade === undefined ? 3 : 4) + (framingLine === '' ? 0 : 1)
  if (!grammar.test(text) || lineCount(text) !== lines) {
    throw new UpstreamError('UPSTREAM_UNWRITABLE', 'the head of the request is not HTTP/1.1')
  }
  return text
}

function framingOf(method: string, framing: RequestHead['framing']): string {
  if (framing === 'chunked') return 'transfer-encoding: chunked\r\n'
  return framing === undefined && expectsBody.has(method) ? 'content-length: 0\r\n' : ''
}

function lineCount(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}
