import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * The state of this browser's latest login, in a small separate cookie. The cookie proves that the browser keeps cookies, and limits
 * automatic retries. It holds no personal data, so it is not sealed.
 */
export type LoginMarker =
  | { kind: 'none' }
  /** @property rounds how many logins succeeded in a row, shortly after one another */
  | { kind: 'started' | 'restarted'; rounds: number }
  | { kind: 'finished'; rounds: number; at: number }

const startedLifetimeSeconds = 3_600
const finishedLifetimeSeconds = 60

export type LoginMarkers = ReturnType<typeof createLoginMarkers>

/** @param isSecure false only for plain http on localhost, where browsers refuse the `__Host-` prefix */
export function createLoginMarkers(isSecure: boolean) {
  const name = isSecure ? '__Host-stagedoor-login' : 'stagedoor-login'
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const
  return {
    read: (request: FastifyRequest) => parseMarker(request.cookies[name]),
    write(reply: FastifyReply, marker: LoginMarker): void {
      reply.setCookie(name, formatMarker(marker), { ...attributes, maxAge: lifetimeSecondsOf(marker) })
    },
  }
}

/** A value in any other form counts as no marker. */
export function parseMarker(value: string | undefined): LoginMarker {
  const [, kind, rounds, at] = /^(started|restarted|finished)-(\d)(?:-(\d{1,16}))?$/.exec(value ?? '') ?? []
  if (kind === 'finished' && at !== undefined) return { kind, rounds: Number(rounds), at: Number(at) }
  if (kind === 'started' || kind === 'restarted') return { kind, rounds: Number(rounds) }
  return { kind: 'none' }
}

/** The cookie's value; empty when the cookie is to be cleared. */
export function formatMarker(marker: LoginMarker): string {
  if (marker.kind === 'none') return ''
  const text = `${marker.kind}-${Math.min(marker.rounds, 9)}`
  return marker.kind === 'finished' ? `${text}-${marker.at}` : text
}

function lifetimeSecondsOf({ kind }: LoginMarker): number {
  if (kind === 'none') return 0
  return kind === 'finished' ? finishedLifetimeSeconds : startedLifetimeSeconds
}

/** A browser that comes back without a session so soon after a finished login may not have kept the cookie. */
const notKeptWithinMs = 30_000

/** Two logins in a row are normal: the session of the first may have been revoked. If both gave no session, a third would not help. */
const maxRounds = 2

/**
 * Whether a login that begins now would only repeat the previous ones in a loop: they succeeded a moment ago, and yet there is no
 * session.
 * @param now milliseconds since the epoch
 */
export function isSessionNotKept(marker: LoginMarker, isSignedIn: boolean, now: number): boolean {
  return !isSignedIn && roundsIn(marker, now) >= maxRounds
}

/** The marker to set when a login begins. A login that was restarted automatically stays marked as restarted. */
export function markerAtStart(marker: LoginMarker, now: number): LoginMarker {
  return { kind: marker.kind === 'restarted' ? 'restarted' : 'started', rounds: roundsIn(marker, now) }
}

/** The marker to set when a stray callback restarts the login. */
export function markerAtRestart(marker: LoginMarker, now: number): LoginMarker {
  return { kind: 'restarted', rounds: roundsIn(marker, now) }
}

/** The marker to set when a login succeeds. */
export function markerAtEnd(marker: LoginMarker, isSignedIn: boolean, now: number): LoginMarker {
  return { kind: 'finished', rounds: isSignedIn ? 1 : roundsIn(marker, now) + 1, at: now }
}

function roundsIn(marker: LoginMarker, now: number): number {
  if (marker.kind === 'none') return 0
  return marker.kind === 'finished' && now - marker.at >= notKeptWithinMs ? 0 : marker.rounds
}
