import type { Session } from '../session/session.ts'
import type { FoundSession, RevocableStore, SessionStore } from '../session/store.ts'
import type { Revocations } from './revocations.ts'

/** How long a replaced session stays valid, for requests that the browser sent before it had the new cookie. */
const supersededGraceMs = 10_000

type Dependencies = {
  revocations: Pick<Revocations, 'endOf' | 'revoke'>
  /** Called with every session that was created, changed or used. */
  onSaved: (session: Session) => void
  /** Called when the end of a session could not be sent to other processes yet. */
  onUnshared: (error: unknown) => void
  /** Milliseconds since the epoch. */
  now: () => number
}

/** A store that does not find revoked sessions, however they were revoked. */
export function createRevocableStore(inner: SessionStore, dependencies: Dependencies): RevocableStore {
  const { revocations, onSaved, onUnshared, now } = dependencies
  const unlessEnded = (found: FoundSession | undefined): FoundSession | undefined =>
    found === undefined || revocations.endOf(found.session) <= now() ? undefined : found

  return {
    keepsWithoutBrowser: inner.keepsWithoutBrowser,
    end: (session) => inner.end(session),
    recall: (cookieValue) => unlessEnded(inner.recall(cookieValue)),
    find: async (cookieValue) => unlessEnded(await inner.find(cookieValue)),
    async save(session, ...known) {
      const value = await inner.save(session, ...known)
      if (value !== undefined) onSaved(session)
      return value
    },
    touch(known) {
      onSaved(known.session)
      return inner.touch(known)
    },
    async supersede(session) {
      await revocations.revoke({ sessionId: session.id, from: now() + supersededGraceMs }).catch(onUnshared)
    },
  }
}
