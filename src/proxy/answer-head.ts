/** Head of an upstream's answer, as undici's parser read it. */
export type AnswerHead = {
  readonly status: number
  /** Undefined where it cannot be sent on, so that the client gets the usual one. */
  readonly statusText: string | undefined
  /** Flat list of names, in lower case, and values, as they came; bytes as latin-1. */
  readonly headers: readonly string[]
  /** All `Connection` values, joined. */
  readonly connection: string | undefined
  /** -1 where there is no `Content-Length`. */
  readonly contentLength: number
  /** All `Transfer-Encoding` values, joined. */
  readonly transferEncoding: string | undefined
}

/** undici decodes the status text as UTF-8, and may have only the end of one that came in two parts. */
const statusTextBytes = /^[\t\x20-\x7e\x80-\xff]*$/

/** @param raw names and values in turn */
export function readAnswerHead(status: number, statusText: string, raw: readonly Buffer[]): AnswerHead {
  const headers: string[] = []
  let connection: string | undefined
  let transferEncoding: string | undefined
  let contentLength = -1

  for (let i = 0; i < raw.length; i += 2) {
    const name = textOf(raw[i] as Buffer).toLowerCase()
    const value = withoutPadding(textOf(raw[i + 1] as Buffer))
    headers.push(name, value)
    if (name === 'content-length') contentLength = Number(value)
    else if (name === 'connection') connection = joined(connection, value)
    else if (name === 'transfer-encoding') transferEncoding = joined(transferEncoding, value)
  }

  const sendable = statusTextBytes.test(statusText) ? statusText : undefined
  return { status, statusText: sendable, headers, connection, contentLength, transferEncoding }
}

/**
 * Why an answer with this head must not be carried on, although the parser could read it; undefined where it may. undici
 * takes any list of codings that ends in `chunked`, and hands on a body that is still coded (RFC 9112 §6.1: we send no TE).
 */
export function refusalOf({ status, transferEncoding }: AnswerHead): string | undefined {
  if (status === 101) return 'the upstream changes to a protocol that was not asked for'
  if (transferEncoding === undefined || transferEncoding.toLowerCase() === 'chunked') return undefined
  return 'the answer has another transfer coding than chunked'
}

/**
 * The first value of a field.
 * @param headers flat list, names in lower case
 */
export function valueOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
  return undefined
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1')

const joined = (known: string | undefined, value: string): string => (known === undefined ? value : `${known},${value}`)

const padding = /^[ \t]+|[ \t]+$/g

/** Optional white space around a value is no part of it (RFC 9112 §5.1); `trim` would take more than spaces and tabs. */
const withoutPadding = (value: string): string => value.replace(padding, '')
