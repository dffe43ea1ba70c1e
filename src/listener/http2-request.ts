import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

import { valueOf } from '../proxy/http1/answer-head.ts'

/**
 * Gives an HTTP/2 request the form of an HTTP/1.1 request (RFC 9113 §8.3.1 and §8.2.3), so that later code handles one form only.
 * `:authority` becomes `Host`, cookies are joined into one field, and a body without a length gets `Transfer-Encoding: chunked`.
 * A `Host` that contradicts `:authority` is kept as a second host, and the boundary refuses two hosts.
 */
export function readAsHttp1(request: Http2ServerRequest): IncomingMessage {
  const list = http1Fields(request.rawHeaders)
  Object.defineProperty(request, 'rawHeaders', { value: list })
  const { headers } = request
  const at = list.indexOf('host')
  if (at !== -1) headers.host = list[at + 1]
  if (!request.stream.endAfterHeaders && headers['content-length'] === undefined) {
    headers['transfer-encoding'] = 'chunked'
  }
  return request as unknown as IncomingMessage
}

/** @param rawHeaders flat list of names and values, including pseudo-header fields */
export function http1Fields(rawHeaders: readonly string[]): string[] {
  const authority = valueOf(rawHeaders, ':authority')
  const list = authority === undefined ? [] : ['host', authority]
  let cookie = -1
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    if (name.startsWith(':') || (name === 'host' && value === authority)) continue
    if (name === 'cookie' && cookie !== -1) {
      list[cookie] += `; ${value}`
      continue
    }
    if (name === 'cookie') cookie = list.length + 1
    list.push(name, value)
  }
  return list
}
