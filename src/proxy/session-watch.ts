import type { Asked } from '../policy/first-matching-rule.ts'
import type { Session } from '../session/session.ts'
import { newest, type OpenConnections } from './open-connections.ts'

/** Our own close codes (RFC 6455 §7.4.2: 4000 to 4999 are for applications): 4000 plus the HTTP status that means the same. */
export const sessionEndedCode = 4401
export const accessLostCode = 4403
const accessLost = 'Access was taken away'
/** Service Restart (IANA registry of close codes): the client may connect again at once. */
const reconnectCode = 1012

/** Often enough that an expiry reaches open connections within a second. */
const sweepEveryMs = 500

type SessionWatchOptions = {
  openConnections: OpenConnections
  /** When a session ends by time or by revocation, in milliseconds since the epoch. */
  endOf: (session: Session) => number
  /** Whether the rules still allow this session the request that opened the connection. */
  isStillAllowed: (session: Session, asked: Asked) => boolean
  /** Milliseconds since the epoch. */
  now: () => number
  /** Called with an error in a sweep, which belongs to no request and must not end the process. */
  onFailure: (error: unknown) => void
}

/** Closes open connections when their session ends, or when its roles no longer allow them. */
export function createSessionWatch(options: SessionWatchOptions) {
  const { openConnections, endOf, isStillAllowed, now, onFailure } = options

  /** Runs `act`; an error in one session must not leave the others open. */
  function guarded(act: () => unknown): void {
    try {
      act()
    } catch (error) {
      onFailure(error)
    }
  }

  /** Closes the connections of sessions that have ended. */
  const sweep = (): void =>
    guarded(() => {
      const time = now()
      for (const { session } of openConnections.sessions()) {
        guarded(() => {
          if (endOf(session) <= time)
            openConnections.closeSession(session.id, sessionEndedCode, 'The session has ended')
        })
      }
    })

  /** Closes the upgrades and event streams for which `isDue` is true; requests under way continue. */
  function closeStreams(isDue: (session: Session, asked: Asked) => boolean, code: number, reason: string): void {
    for (const { session, connections } of openConnections.sessions()) {
      for (const connection of connections.filter(({ isLongLived }) => isLongLived))
        guarded(() => isDue(session, connection.asked) && connection.close(code, reason))
    }
  }

  const timer = setInterval(sweep, sweepEveryMs)
  timer.unref()

  return {
    sweep,
    /**
     * Closes upgrades and event streams of sessions whose claims may be out of date. Clients connect again; that request waits
     * for fresh claims and gets a new decision.
     */
    recheck: (isOutdated: (session: Session) => boolean): void =>
      closeStreams(isOutdated, reconnectCode, 'Roles have changed: connect again'),
    /** Closes upgrades and event streams that the changed rules no longer allow. */
    applyRules: (): void =>
      closeStreams((session, asked) => !isStillAllowed(session, asked), accessLostCode, accessLost),
    /** Takes the newest state of a session, from here or another replica. Closes the connections that its new claims do not allow. */
    update(session: Session): void {
      const open = openConnections.ofSession(session.id)
      if (open === undefined) return
      const latest = newest(open.session, session)
      for (const connection of open.connections) connection.session = latest
      if (isEqual(latest.claims, open.session.claims)) return
      for (const connection of open.connections) {
        if (!isStillAllowed(latest, connection.asked)) connection.close(accessLostCode, accessLost)
      }
    },
    close: () => clearInterval(timer),
  }
}

function isEqual(one: Session['claims'], other: Session['claims']): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}
