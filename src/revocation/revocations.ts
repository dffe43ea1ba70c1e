import type { Redis } from '../redis/redis.ts'
import type { EndedSessions } from '../session/ended-sessions.ts'
import type { Session } from '../session/session.ts'
import { type Mark, markOf, type Revocation } from './mark.ts'
import { createMarks } from './marks.ts'
import { createSharedMarks, type SharedMarks } from './shared-marks.ts'

/** The one place that learns that sessions must end, and tells everybody. */
export type Revocations = {
  /**
   * In force here when it returns.
   * @returns resolves when every replica can know it, which is at once without Redis
   * @throws RedisUnavailable when the others could not be told; they will be, once Redis is back
   */
  revoke: (...revocations: readonly Revocation[]) => Promise<void>
  /** When a session ends by what is known, in milliseconds since the epoch: 0 for at once, `Infinity` for not at all. */
  endOf: (session: Session) => number
  /** Whether a session's claims must be refreshed before they are used. */
  isOutdated: (session: Session) => boolean
  /** The part that a session store needs, which knows no more than an id before it has found a session. */
  ended: EndedSessions
  /** Calls back with what is newly in force. */
  onChange: (listener: (news: readonly Mark[]) => void) => void
  /** Resolves when what others knew at the start is known here, if they can be asked. */
  joined: () => Promise<void>
  status: () => RevocationStatus
}

/** `apart`: Redis is configured but away, so that replicas do not hear of each other. */
export type RevocationStatus = 'ready' | 'apart'

export type RevocationsOptions = {
  /** Without it, marks are known to this process alone. */
  redis?: Redis | undefined
  /** In place of Redis: another way to those who share marks. */
  share?: ((onMark: (mark: Mark) => void) => SharedMarks) | undefined
  /** How long a mark is kept: until every session of today has expired. */
  absoluteTimeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Told when marks are given up for want of room. */
  onOverflow?: () => void
  /** Told when the end of a session could not be shared yet, where nobody waits for it. */
  onUnshared?: (cause: unknown) => void
}

const retryMs = 1_000

export function createRevocations(options: RevocationsOptions): Revocations {
  const { redis, share, absoluteTimeoutMs, now, onOverflow, onUnshared = () => undefined } = options
  const marks = createMarks(now, onOverflow)
  const listeners = new Set<(news: readonly Mark[]) => void>()
  let isInStep = redis === undefined && share === undefined
  let joining: Promise<void> | undefined

  function learn(learned: readonly Mark[]): void {
    const news = learned.filter((mark) => marks.apply(mark))
    if (news.length > 0) for (const listener of listeners) listener(news)
  }

  /** After a start or a gap: what others know comes here, what was said here meanwhile goes there. */
  async function join(shared: SharedMarks): Promise<void> {
    try {
      const theirs = await shared.readAll()
      learn(theirs)
      const known = new Set(theirs.map(({ kind, name, at }) => `${kind} ${name} ${at}`))
      await shared.write(marks.all().filter(({ kind, name, at }) => !known.has(`${kind} ${name} ${at}`)))
      isInStep = true
    } catch {
      // Redis went away again; the next `ready` comes back here.
      isInStep = false
    } finally {
      joining = undefined
    }
  }

  async function tell(shared: SharedMarks, made: readonly Mark[]): Promise<void> {
    try {
      await shared.write(made)
    } catch (error) {
      isInStep = false
      setTimeout(rejoin, retryMs).unref()
      throw error
    }
  }

  const hear = (mark: Mark): void => learn([mark])
  const shared = redis ? createSharedMarks(redis, now, hear, rejoin) : share?.(hear)
  redis?.events.on('ready', rejoin)
  redis?.events.on('lost', () => void (isInStep = false))
  if (redis === undefined || redis.isReady()) rejoin()

  function rejoin(): void {
    if (shared !== undefined) joining = (joining ?? Promise.resolve()).then(() => join(shared))
  }

  async function revoke(...revocations: readonly Revocation[]): Promise<void> {
    const until = now() + absoluteTimeoutMs
    const made = revocations.map((revocation) => markOf(revocation, until))
    learn(made)
    if (shared !== undefined) await tell(shared, made)
  }

  return {
    revoke,
    endOf: marks.endOf,
    isOutdated: marks.isOutdated,
    ended: {
      add: (session) => revoke({ sessionId: session.id }).catch(onUnshared),
      has: marks.hasEnded,
    },
    joined: async () => joining,
    onChange: (listener) => void listeners.add(listener),
    status: () => (isInStep ? 'ready' : 'apart'),
  }
}
