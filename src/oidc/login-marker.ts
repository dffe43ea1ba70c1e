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

/** Back so soon after a finished login without a session: it may be that the browser did not keep it. */
const notKeptWithinMs = 30_000

/** Two logins right after one another are normal: the session of the first may have been revoked. After two without a session a third would not help. */
const maxRounds = 2

/**
 * Whether a login that begins now would only go round in circles: the ones before have ended well a moment ago, and yet
 * there is no session.
 * @param now milliseconds since the epoch
 */
export function isSessionNotKept(marker: LoginMarker, isSignedIn: boolean, now: number): boolean {
  return !isSignedIn && roundsIn(marker, now) >= maxRounds
}

/** The marker to leave when a login begins: one that started over by itself stays marked so. */
export function markerAtStart(marker: LoginMarker, now: number): LoginMarker {
  return { kind: marker.kind === 'restarted' ? 'restarted' : 'started', rounds: roundsIn(marker, now) }
}

/** The marker to leave when a stray callback starts over. */
export function markerAtRestart(marker: LoginMarker, now: number): LoginMarker {
  return { kind: 'restarted', rounds: roundsIn(marker, now) }
}

/** The marker to leave when a login ends well. */
export function markerAtEnd(marker: LoginMarker, isSignedIn: boolean, now: number): LoginMarker {
  return { kind: 'finished', rounds: isSignedIn ? 1 : roundsIn(marker, now) + 1, at: now }
}

function roundsIn(marker: LoginMarker, now: number): number {
  if (marker.kind === 'none') return 0
  return marker.kind === 'finished' && now - marker.at >= notKeptWithinMs ? 0 : marker.rounds
}
