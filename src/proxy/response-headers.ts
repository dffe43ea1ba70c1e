import type { FastifyReply } from 'fastify'

import { isRemovedFromAnswer, namedInConnection } from '../headers/removed-headers.ts'
import { allowsSharing, privateAnswer } from '../headers/shared-caches.ts'
import type { AnswerHead } from './http1/answer-head.ts'
import { type IsOwnCookie, setsOwnCookie } from './own-cookies.ts'

/** Headers that earlier stages put on the reply, names in lower case. */
type ReplyHeaders = Readonly<Record<string, number | string | string[] | undefined>>

/**
 * The header list for the client: the upstream's end-to-end fields, then what earlier stages put on the reply. Of one name
 * theirs replaces the upstream's; `Set-Cookie` is added to it. An upstream never sets our cookies, our request id or
 * anything that bears our name. A 204 has no length (RFC 9110 §8.6): clients of HTTP/2 refuse the answer for it.
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
  // The last one: behind it node:http reads the bytes of a `Content-Disposition` as UTF-8, and writes others or none.
  if (status !== 204) push(list, 'content-length', length)
  return list
}

function push(list: string[], name: string, value: number | string | readonly string[] | undefined): void {
  if (typeof value === 'string') list.push(name, value)
  else if (Array.isArray(value)) for (const item of value) list.push(name, item)
  else if (value !== undefined) list.push(name, String(value))
}

/**
 * The reply headers of earlier stages, made safe for caches between us and the browser: a cookie of ours is never part of an
 * answer that they may share, and makes any other answer private. A person who received another's cookie would be signed in as them.
 * @param answered the upstream's fields: names in lower case and values in turn
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
