import type { FastifyReply, FastifyRequest } from 'fastify'

export type SessionCookie = ReturnType<typeof createSessionCookie>

/**
 * Reads and writes the cookie, or cookies, of a session. Over https the name has the `__Host-` prefix (RFC 6265bis §4.1.3.2), which
 * keeps other hosts from setting it. Plain http is for localhost only, where browsers refuse the prefix.
 */
export function createSessionCookie(isSecure: boolean) {
  const name = isSecure ? '__Host-stagedoor' : 'stagedoor'
  const names = chunkNames(name)
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const

  const receivedNames = (request: FastifyRequest): string[] =>
    names.filter((candidate) => request.cookies[candidate] !== undefined)
  // Set the header here: @fastify/cookie writes cookies in onSend, which does not run for forwarded answers.
  const set = (reply: FastifyReply, { name, value }: CookieChunk, maxAge: number): void => {
    reply.header(
      'set-cookie',
      reply.server.serializeCookie(name, value, { ...attributes, maxAge: value === '' ? 0 : maxAge }),
    )
  }

  return {
    name,
    read: (request: FastifyRequest): string | undefined =>
      request.headers.cookie?.includes(name) ? joinChunks(name, request.cookies) : undefined,
    /** @param maxAgeSeconds how long the browser keeps it */
    write(request: FastifyRequest, reply: FastifyReply, value: string, maxAgeSeconds: number): void {
      const chunks = splitIntoChunks(name, value, receivedNames(request)) ?? []
      for (const chunk of chunks) set(reply, chunk, maxAgeSeconds)
    },
    clear(request: FastifyRequest, reply: FastifyReply): void {
      for (const chunk of clearedChunks(receivedNames(request))) set(reply, chunk, 0)
    },
  }
}

/** Browsers keep at least 4,096 bytes of name, value and attributes together (RFC 6265 §6.1). */
export const maxCookieBytes = 4_096
const maxChunks = 3
/** Space for the longest attributes that we write: `; Max-Age=…; Path=/; HttpOnly; Secure; SameSite=Lax`. */
const attributeBytes = 96

/** One cookie to set or, with an empty value, to clear. */
type CookieChunk = { name: string; value: string }

/**
 * Puts a session value into the cookie `name`, or splits it over `name.0`, `name.1`, `name.2`. Clears the other names that the
 * browser sent, so that no stale chunk survives.
 * @returns undefined when the value does not fit
 */
export function splitIntoChunks(
  name: string,
  value: string,
  receivedNames: readonly string[],
): CookieChunk[] | undefined {
  const room = maxCookieBytes - attributeBytes - name.length - '.0='.length
  const count = Math.ceil(value.length / room)
  if (count > maxChunks) return undefined
  const chunks =
    count === 1
      ? [{ name, value }]
      : Array.from({ length: count }, (_, i) => ({
          name: `${name}.${i}`,
          value: value.slice(i * room, (i + 1) * room),
        }))
  const used = new Set(chunks.map((chunk) => chunk.name))
  return [...chunks, ...clearedChunks(receivedNames.filter((received) => !used.has(received)))]
}

/** Cookies that clear the given names. */
function clearedChunks(names: readonly string[]): CookieChunk[] {
  return names.map((name) => ({ name, value: '' }))
}

/** All cookie names that a session may use. */
export function chunkNames(name: string): string[] {
  return [name, ...Array.from({ length: maxChunks }, (_, i) => `${name}.${i}`)]
}

/** The value of the cookie, or of its joined chunks; undefined unless at least the first two chunks are there. */
export function joinChunks(name: string, cookies: Readonly<Record<string, string | undefined>>): string | undefined {
  const whole = cookies[name]
  if (whole !== undefined && whole !== '') return whole
  const parts: string[] = []
  for (let i = 0; i < maxChunks; i++) {
    const part = cookies[`${name}.${i}`]
    if (part === undefined || part === '') break
    parts.push(part)
  }
  return parts.length > 1 ? parts.join('') : undefined
}
