import type { RandomBytes } from '../seal/random.ts'

/**
 * What the cookie holds when the session is in Redis: the session's id, which names it, and 256 random bits, without
 * which nobody opens its record.
 */
export type SessionReference = { sessionId: string; key: string }

const keyBytes = 32
const pattern = /^([\w-]{16,64})\.([\w-]{43})$/

export function newReference(sessionId: string, randomBytes: RandomBytes): string {
  return `${sessionId}.${randomBytes(keyBytes).toString('base64url')}`
}

/** Nothing for any other kind of value, such as a sealed session of the cookie store. */
export function parseReference(cookieValue: string): SessionReference | undefined {
  const [, sessionId, key] = pattern.exec(cookieValue) ?? []
  return sessionId === undefined || key === undefined ? undefined : { sessionId, key }
}
