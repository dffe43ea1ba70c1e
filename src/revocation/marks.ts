import type { Session } from '../session/session.ts'
import { type Mark, type MarkKind, markKinds, markNameOfSession, markNamesOf, merge } from './mark.ts'

/** Kinds of marks that end sessions which began before them. */
const endingKinds = ['subject', 'member', 'organization', 'sid'] as const

/** How far clocks of replicas, and of the login service, may differ from ours. */
export const maxClockDifferenceMs = 60_000

/** Expired marks are removed each time this many new ones have been added. */
const sweepEvery = 1_000

type MarksByKind = Record<MarkKind, Map<string, Mark>>

/**
 * All marks that this process knows.
 * @param now milliseconds since the epoch
 * @param max the most marks that are kept; beyond it the oldest are dropped, and `onOverflow` is called
 */
export function createMarks(now: () => number, onOverflow: () => void = () => undefined, max = 200_000) {
  const byKind = Object.fromEntries(markKinds.map((kind) => [kind, new Map()])) as MarksByKind
  const kinds = Object.values(byKind)
  const countAll = (): number => kinds.reduce((sum, marks) => sum + marks.size, 0)
  let sinceSweep = 0

  function find(kind: MarkKind, name: string | undefined): Mark | undefined {
    const mark = name === undefined ? undefined : byKind[kind].get(name)
    return mark !== undefined && mark.until > now() ? mark : undefined
  }

  function forgetExpired(): void {
    sinceSweep = 0
    for (const marks of kinds) for (const [name, { until }] of marks) if (until <= now()) marks.delete(name)
  }

  function makeRoom(): void {
    if (++sinceSweep >= sweepEvery || countAll() >= max) forgetExpired()
    if (countAll() < max) return
    // Maps keep the order of insertion. Without its mark, a blocked user is still refused at the next refresh, but an ended
    // session works again; `onOverflow` reports that.
    const fullest = kinds.reduce((a, b) => (b.size > a.size ? b : a))
    const oldest = fullest.keys().next()
    if (oldest.done !== true) fullest.delete(oldest.value)
    onOverflow()
  }

  return {
    get size(): number {
      return countAll()
    },
    /** @returns false when the mark changed nothing */
    apply(mark: Mark): boolean {
      const marks = byKind[mark.kind]
      const known = find(mark.kind, mark.name)
      const merged = known === undefined ? mark : merge(known, mark)
      if (known?.at === merged.at && known.until === merged.until) return false
      if (!marks.has(mark.name)) makeRoom()
      marks.set(mark.name, merged)
      return true
    },
    /** When the known marks end a session, in milliseconds since the epoch: 0 for at once, `Infinity` for never. */
    endOf: (session: Session): number => {
      if (countAll() === 0) return Infinity
      const names = markNamesOf(session)
      const beganAt = reliableTime(session.createdAt, now())
      if (endingKinds.some((kind) => beganAt < (find(kind, names[kind])?.at ?? 0))) return 0
      return find('session', names.session)?.at ?? Infinity
    },
    /** Whether a session's claims must be refreshed before they are used. */
    isOutdated: (session: Session): boolean =>
      countAll() > 0 &&
      reliableTime(claimsTimeOf(session), now()) < (find('claims', markNamesOf(session).claims)?.at ?? 0),
    /** Whether this session itself was ended; marks of its user or login do not count. */
    hasEnded: (sessionId: string) =>
      countAll() > 0 && (find('session', markNameOfSession(sessionId))?.at ?? Infinity) <= now(),
    all: () => kinds.flatMap((marks) => [...marks.values()].filter(({ until }) => until > now())),
  }
}

/** A time in the future comes from a clock that was ahead. The true time may be before any mark, so 0 stands for it. */
function reliableTime(time: number, now: number): number {
  return time > now + maxClockDifferenceMs ? 0 : time
}

/** When Auth0 was last asked for the claims, by the clock of the process that asked. */
export function claimsTimeOf({ claimsAt, refreshedAt }: Pick<Session, 'claimsAt' | 'refreshedAt'>): number {
  return claimsAt ?? refreshedAt
}
