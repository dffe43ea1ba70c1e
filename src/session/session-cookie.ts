import type { FastifyReply, FastifyRequest } from 'fastify'

import { type CookieChunk, chunkNames, clearedChunks, joinChunks, splitIntoChunks } from './cookie-chunks.ts'

/** Reads and writes the cookie, or cookies, that a session travels in. */
export type SessionCookie = {
  name: string
  read(request: FastifyRequest): string | undefined
  /** @param maxAgeSeconds how long the browser keeps it */
  write(request: FastifyRequest, reply: FastifyReply, value: string, maxAgeSeconds: number): void
  clear(request: FastifyRequest, reply: FastifyReply): void
}

/**
 * Over https the name carries the `__Host-` prefix (RFC 6265bis §4.1.3.2), which keeps other hosts from planting it;
 * plain http exists for localhost only, where browsers refuse that prefix.
 */
export function createSessionCookie(isSecure: boolean): SessionCookie {
  const name = isSecure ? '__Host-stagedoor' : 'stagedoor'
  const names = chunkNames(name)
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const

  const receivedNames = (request: FastifyRequest): string[] =>
    names.filter((candidate) => request.cookies[candidate] !== undefined)
  // As a header, because @fastify/cookie writes its own in onSend, which forwarded answers never come to.
  const set = (reply: FastifyReply, { name, value }: CookieChunk, maxAge: number): void => {
    reply.header(
      'set-cookie',
      reply.server.serializeCookie(name, value, { ...attributes, maxAge: value === '' ? 0 : maxAge }),
    )
  }

  return {
    name,
    read: (request) => (request.headers.cookie?.includes(name) ? joinChunks(name, request.cookies) : undefined),
    write(request, reply, value, maxAgeSeconds) {
      const chunks = splitIntoChunks(name, value, receivedNames(request)) ?? []
      for (const chunk of chunks) set(reply, chunk, maxAgeSeconds)
    },
    clear(request, reply) {
      for (const chunk of clearedChunks(receivedNames(request))) set(reply, chunk, 0)
    },
  }
}
