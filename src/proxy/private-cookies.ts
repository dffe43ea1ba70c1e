import type { FastifyReply } from 'fastify'

import { allowsSharing, privateAnswer } from '../headers/shared-caches.ts'
import type { ReplyHeaders } from './response-headers.ts'

/**
 * What earlier stages put on the reply, made safe for caches between us and the browser: a cookie of ours never rides on an
 * answer that they may share, and makes any other answer private. Who got the cookie would be that person.
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
