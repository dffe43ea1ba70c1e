import type { EndedSessions } from '../session/store.ts'
import type { SessionBus } from './bus.ts'
import { formatMark, type Mark, markOf, type Revocation } from './mark.ts'
import { createMarks } from './marks.ts'

/** `apart`: Redis is configured but not reached, so that replicas cannot exchange revocations. */
type RevocationStatus = 'ready' | 'apart'

type RevocationsOptions = {
  bus: SessionBus
  /** How long a mark is kept: until every session of today has expired. */
  absoluteTimeoutMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Called when marks are given up for want of room. */
  onOverflow?: () => void
  /** Called when the end of a session could not be shared yet, where no caller waits for it. */
  onUnshared?: (cause: unknown) => void
}

export type Revocations = ReturnType<typeof createRevocations>

/** Decides which sessions have ended. The bus carries each decision to the other processes. */
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
   * Takes effect in this process before it returns.
   * @returns resolves when every replica can know it, which is at once without Redis
   * @throws RedisUnavailable when it could not be shared; it is shared once Redis takes it
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
    /** The part for a session store, which knows only an id before it has found a session. */
    ended: {
      add: (session) => revoke({ sessionId: session.id }).catch(onUnshared),
      has: marks.hasEnded,
    } satisfies EndedSessions,
    /** Resolves when this process has the revocations of the others, if Redis can be asked. */
    joined: exchange.joined,
    /** Calls back with each new revocation. */
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
    /** Takes over the marks of another object, and those that it learns later. */
    follow(former: { marks: () => Mark[]; onChange: (listener: (news: readonly Mark[]) => void) => void }): void {
      learn(former.marks())
      former.onChange(learn)
    },
    marks: marks.all,
  }
}

const retryMs = 1_000

/** Keeps the marks of all processes equal, across every gap in the connection. */
function exchangeMarks(bus: SessionBus, own: { learn: (marks: readonly Mark[]) => void; all: () => readonly Mark[] }) {
  let isInStep = false
  let joining: Promise<void> | undefined

  /** Runs after a start or a gap: reads the marks of the others, and sends those made here meanwhile. */
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
