import { unreadable } from './upstream-error.ts'

/** Head of an answer, checked. */
export type AnswerHead = {
  readonly status: number
  readonly statusText: string
  /** Flat list: each name in lower case, then its value as received. Text is latin-1. */
  readonly headers: readonly string[]
  /** All `Connection` values, joined. */
  readonly connection: string | undefined
  /** The last `Keep-Alive` value, which says how long the upstream keeps an idle connection (RFC 2068 §19.7.1.1). */
  readonly keepAlive: string | undefined
  /** -1 without a `Content-Length`. */
  readonly contentLength: number
  readonly isChunked: boolean
  /** Whether the connection may carry another request (RFC 9112 §9.3). */
  readonly isPersistent: boolean
}

/**
 * Status line and field lines (RFC 9112 §4 and §5), strictly: no bare CR or LF, no line folding, no space before a colon,
 * no control characters, no status beyond 599 (RFC 9110 §15). The next parser could read a head that needs repair differently.
 */
const grammar =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/

const endOfLine = '\r\n'
const statusAt = 'HTTP/1.1 '.length
const statusTextAt = statusAt + 'nnn '.length

/**
 * @param text the bytes before the empty line, as latin-1
 * @throws UPSTREAM_UNREADABLE unless the text matches the grammar exactly and gives the body one unambiguous length
 */
export function readAnswerHead(text: string): AnswerHead {
  if (!grammar.test(text)) throw unreadable('the head of the answer is not HTTP/1.1')
  const headers: string[] = []
  let connection: string | undefined
  let keepAlive: string | undefined
  let contentLength = -1
  let isChunked = false

  let lineEnd = text.indexOf(endOfLine)
  const statusText = text.slice(statusTextAt, lineEnd === -1 ? text.length : lineEnd)
  while (lineEnd !== -1) {
    const nameAt = lineEnd + endOfLine.length
    const colon = text.indexOf(':', nameAt)
    lineEnd = text.indexOf(endOfLine, colon)
    const name = text.slice(nameAt, colon).toLowerCase()
    const valueEnd = lineEnd === -1 ? text.length : lineEnd
    const value = withoutPadding(text, colon + 1, valueEnd)
    headers.push(name, value)
    switch (name) {
      case 'content-length':
        contentLength = lengthOf(value, contentLength)
        break
      case 'transfer-encoding':
        refuseOtherCoding(text.slice(colon + 1, valueEnd), isChunked)
        isChunked = true
        break
      case 'connection':
        connection = connection === undefined ? value : `${connection},${value}`
        break
      case 'keep-alive':
        keepAlive = value
        break
    }
  }

  const isHttp11 = text.charCodeAt(statusAt - 2) === one
  // RFC 9112 §6.1 and §6.3: both headers at once are a sign of smuggling, and HTTP/1.0 has no transfer codings.
  if (isChunked && (contentLength !== -1 || !isHttp11)) throw unreadable('the length of the answer is ambiguous')
  return {
    status: Number(text.slice(statusAt, statusAt + 3)),
    statusText,
    headers,
    connection,
    keepAlive,
    contentLength,
    isChunked,
    isPersistent: staysOpen(connection, isHttp11),
  }
}

/**
 * The first value of a field.
 * @param headers flat list, names in lower case
 */
export function valueOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
  return undefined
}

const one = 0x31

const isPadding = (code: number): boolean => code === 0x20 || code === 0x09

/** Removes the optional white space around a value (RFC 9112 §5.1). `trim` would remove more than spaces and tabs. */
function withoutPadding(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isPadding(text.charCodeAt(start))) start += 1
  while (end > start && isPadding(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

// RFC 9112 §6.3: a list of equal lengths may be accepted as one. It is refused here, because no server needs to send it.
function lengthOf(value: string, known: number): number {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : -1
  if (length === -1 || known !== -1) throw unreadable('the answer has no single Content-Length')
  return length
}

/** No tab after the coding: llhttp, which the next parser may use, reads the tab as part of the coding's name. */
const chunkedOnly = /^[ \t]*chunked *$/i

// RFC 9112 §6.1: we send no `TE`, so an upstream may use no other coding.
function refuseOtherCoding(padded: string, isKnown: boolean): void {
  if (isKnown || !chunkedOnly.test(padded)) throw unreadable('the answer has another transfer coding than chunked')
}

function staysOpen(connection: string | undefined, isHttp11: boolean): boolean {
  if (connection === undefined) return isHttp11
  const options = connection.toLowerCase()
  if (options === 'keep-alive') return true
  const tokens = options.split(',').map((token) => withoutPadding(token, 0, token.length))
  return !tokens.includes('close') && (isHttp11 || tokens.includes('keep-alive'))
}
