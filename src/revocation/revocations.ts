import type { EndedSessions } from '../session/store.ts'
import type { SessionBus } from './bus.ts'
import { formatMark, type Mark, markOf, type Revocation } from './mark.ts'
import { createMarks } from './marks.ts'

/** `apart`: Redis is configured but unavailable, so replicas cannot exchange revocations. */
type RevocationStatus = 'ready' | 'apart'

type RevocationsOptions = {
  bus: SessionBus
  /** How long a mark is kept: until every session that exists now has expired. */
  absoluteTimeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Called when marks are dropped because there are too many. */
  onOverflow?: () => void
  /** Called when the end of a session could not be sent to other processes yet, if no caller waits for the result. */
  onUnshared?: (cause: unknown) => void
}

export type Revocations = ReturnType<typeof createRevocations>

/** Records which sessions have ended. The bus sends each revocation to the other processes. */
export function createRevocations(options: RevocationsOptions) {
  const { bus, now, onOverflow, onUnshared = () => undefined } = options
  const marks = createMarks(now, onOverflow)
  let { absoluteTimeoutMs } = options
  const listeners = new Set<(news: readonly Mark[]) => void>()

  function learn(learned: readonly Mark[]): void {
    const news = learned.filter((mark) => marks.apply(mark))
    if (news.length > 0) for (const listener of listeners) listener(news)
  }

  const exchange = exchangeMarks(bus, { learn, all: () => marks.all() })

  /**
   * Revokes sessions. This takes effect in this process at once.
   * @returns resolves when the revocation has been shared with every replica, which is at once without Redis
   * @throws RedisUnavailable when it could not be shared; it is shared once Redis is available
   */
  async function revoke(...revocations: readonly Revocation[]): Promise<void> {
    const until = now() + absoluteTimeoutMs
    const made = revocations.map((revocation) => markOf(revocation, until))
    learn(made)
    await exchange.share(made)
  }

  return {
    revoke,
    endOf: marks.endOf,
    isOutdated: marks.isOutdated,
    /** The interface for a session store, which knows only an id until it has found a session. */
    ended: {
      add: (session) => revoke({ sessionId: session.id }).catch(onUnshared),
      has: marks.hasEnded,
    } satisfies EndedSessions,
    /** Resolves when this process has read the revocations of the others, or Redis has failed. */
    joined: exchange.joined,
    /** Calls the listener with each new revocation. */
    onChange: (listener: (news: readonly Mark[]) => void) => void listeners.add(listener),
    status: exchange.status,
    /** Sets how long marks are kept. A longer time also extends known marks, because sessions then live longer. */
    keepFor(nextMs: number): void {
      const longerMs = nextMs - absoluteTimeoutMs
      absoluteTimeoutMs = nextMs
      if (longerMs <= 0) return
      for (const mark of marks.all()) marks.apply({ ...mark, until: mark.until + longerMs })
      exchange.share(marks.all()).catch(onUnshared)
    },
    /** Takes over the marks of a former object, and those that it gets later. */
    follow(former: { marks: () => Mark[]; onChange: (listener: (news: readonly Mark[]) => void) => void }): void {
      learn(former.marks())
      former.onChange(learn)
    },
    marks: marks.all,
  }
}

const retryMs = 1_000

/** Synchronizes the marks of all processes, also after each loss of the connection. */
function exchangeMarks(bus: SessionBus, own: { learn: (marks: readonly Mark[]) => void; all: () => readonly Mark[] }) {
  let isInStep = false
  let joining: Promise<void> | undefined

  /** Runs at the start and after the connection was lost: reads the marks of the others, and sends those made here meanwhile. */
  async function join(): Promise<void> {
    try {
      const theirs = await bus.endings()
      own.learn(theirs)
      const known = new Set(theirs.map(formatMark))
      await bus.end(own.all().filter((mark) => !known.has(formatMark(mark))))
      isInStep = true
    } catch {
      joinLater()
    } finally {
      joining = undefined
    }
  }

  function rejoin(): void {
    if (bus.isConnected()) joining = (joining ?? Promise.resolve()).then(join)
  }

  function joinLater(): void {
    isInStep = false
    setTimeout(rejoin, retryMs).unref()
  }

  bus.events.on('ended', (mark) => own.learn([mark]))
  bus.events.on('connected', rejoin)
  bus.events.on('lost', () => void (isInStep = false))
  rejoin()

  return {
    joined: async () => joining,
    status: (): RevocationStatus => (isInStep ? 'ready' : 'apart'),
    async share(made: readonly Mark[]): Promise<void> {
      await bus.end(made).catch((cause: unknown) => {
        joinLater()
        throw cause
      })
    },
  }
}
