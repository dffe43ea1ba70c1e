import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * The outcome of this browser's latest login, in a small separate cookie: it proves that the browser keeps cookies, and bounds
 * automatic retries. It holds no personal data, so it is not sealed.
 */
export type LoginMarker =
  | { kind: 'none' }
  /** @property rounds logins that ended well one right after the other */
  | { kind: 'started' | 'restarted'; rounds: number }
  | { kind: 'finished'; rounds: number; at: number }

export type LoginMarkers = {
  read(request: FastifyRequest): LoginMarker
  write(reply: FastifyReply, marker: LoginMarker): void
}

const startedLifetimeSeconds = 3_600
const finishedLifetimeSeconds = 60

/** @param isSecure false only for plain http on localhost, where browsers refuse the `__Host-` prefix */
export function createLoginMarkers(isSecure: boolean): LoginMarkers {
  const name = isSecure ? '__Host-stagedoor-login' : 'stagedoor-login'
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const
  return {
    read: (request) => parseMarker(request.cookies[name]),
    write(reply, marker) {
      reply.setCookie(name, formatMarker(marker), { ...attributes, maxAge: lifetimeSecondsOf(marker) })
    },
  }
}

/** What others wrote counts as no marker. */
export function parseMarker(value: string | undefined): LoginMarker {
  const [, kind, rounds, at] = /^(started|restarted|finished)-(\d)(?:-(\d{1,16}))?$/.exec(value ?? '') ?? []
  if (kind === 'finished' && at !== undefined) return { kind, rounds: Number(rounds), at: Number(at) }
  if (kind === 'started' || kind === 'restarted') return { kind, rounds: Number(rounds) }
  return { kind: 'none' }
}

/** The cookie's value; empty takes it away. */
export function formatMarker(marker: LoginMarker): string {
  if (marker.kind === 'none') return ''
  const text = `${marker.kind}-${Math.min(marker.rounds, 9)}`
  return marker.kind === 'finished' ? `${text}-${marker.at}` : text
}

function lifetimeSecondsOf({ kind }: LoginMarker): number {
  if (kind === 'none') return 0
  return kind === 'finished' ? finishedLifetimeSeconds : startedLifetimeSeconds
}
