import type { FastifyReply } from 'fastify'

import { isRemovedFromAnswer, namedInConnection } from '../headers/removed-headers.ts'
import { allowsSharing, privateAnswer } from '../headers/shared-caches.ts'
import type { AnswerHead } from './http1/answer-head.ts'
import { type IsOwnCookie, setsOwnCookie } from './own-cookies.ts'

/** Headers that earlier stages put on the reply, names in lower case. */
type ReplyHeaders = Readonly<Record<string, number | string | string[] | undefined>>

/**
 * The header list for the client: the upstream's end-to-end fields, then the headers that earlier stages put on the reply.
 * Theirs replace the upstream's of the same name, except `Set-Cookie`, which is added. An upstream cannot set our cookies,
 * our request id or an `X-Stagedoor-` header. A 204 gets no `Content-Length` (RFC 9110 §8.6): HTTP/2 clients reject a 204 with one.
 */
export function clientHeaders(
  { status, headers, connection }: Pick<AnswerHead, 'status' | 'headers' | 'connection'>,
  replyHeaders: ReplyHeaders,
  isOwn: IsOwnCookie,
): string[] {
  const list: string[] = []
  let length: string | undefined
  const named = namedInConnection(connection)
  const replaced = Object.keys(replyHeaders).filter((name) => replyHeaders[name] !== undefined && name !== 'set-cookie')

  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    if (isRemovedFromAnswer(name, named) || replaced.includes(name)) continue
    if (name === 'content-length') length = value
    else if (name !== 'set-cookie' || !setsOwnCookie(value, isOwn)) list.push(name, value)
  }

  for (const name in replyHeaders) push(list, name, replyHeaders[name])
  // `Content-Length` goes last: node:http decodes the bytes of a `Content-Disposition` after it as UTF-8, and changes or loses them.
  if (status !== 204) push(list, 'content-length', length)
  return list
}

function push(list: string[], name: string, value: number | string | readonly string[] | undefined): void {
  if (typeof value === 'string') list.push(name, value)
  else if (Array.isArray(value)) for (const item of value) list.push(name, item)
  else if (value !== undefined) list.push(name, String(value))
}

/**
 * The reply headers of earlier stages, made safe for caches between us and the browser. An answer that a cache may share gets no
 * cookie of ours; a cookie of ours makes any other answer private. A shared session cookie would sign one person in as another.
 * @param answered the upstream's fields, a flat list: each name in lower case, then its value
 */
export function withPrivateCookies(reply: FastifyReply, answered: readonly string[]): ReplyHeaders {
  const headers = reply.getHeaders()
  if (headers['set-cookie'] === undefined) return headers
  if (!allowsSharing((name) => valueIn(answered, name))) return { ...headers, 'cache-control': privateAnswer }
  reply.server.sessions.withhold(reply.request)
  return { ...headers, 'set-cookie': undefined }
}

/** All values of a field together, as RFC 9110 §5.3 combines them. */
function valueIn(list: readonly string[], wanted: string): string | undefined {
  const values = list.filter((_, i) => i % 2 === 1 && list[i - 1] === wanted)
  return values.length === 0 ? undefined : values.join(', ')
}
