import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Whether the `Authorization` header carries one of the tokens; two are accepted while one replaces the other. Compared
 * in constant time, as hashes, so that not even the length can be told.
 */
export function hasBearer(header: string | string[] | undefined, tokens: readonly string[]): boolean {
  const given = typeof header === 'string' ? /^Bearer (\S+)$/i.exec(header)?.[1] : undefined
  if (given === undefined) return false
  const digest = digestOf(given)
  return tokens.map((token) => timingSafeEqual(digestOf(token), digest)).includes(true)
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
