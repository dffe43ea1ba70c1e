import { LRUCache } from 'lru-cache'

import type { Session } from '../session/session.ts'
import { upTo } from '../storage/memory-bound.ts'
import { withoutTokens } from './bus.ts'

/** A session as operators see it. It contains nothing that gives access to the session. Times are milliseconds since the epoch. */
export type SeenSession = {
  id: string
  issuer: string
  subject: string
  email?: string | undefined
  organization?: string | undefined
  sid?: string | undefined
  device?: string | undefined
  address?: string | undefined
  createdAt: number
  usedAt: number
}

export type SeenFilter = { session?: string; subject?: string }

/** About 500 bytes each. */
const maxSeen = 50_000

export type SeenSessions = ReturnType<typeof createSeenSessions>

/**
 * Sessions that were started, used or refreshed since this process started, at any replica that shares our Redis.
 * @param isLive whether a session has neither expired nor been ended
 * @param since the time from which sessions are noted, milliseconds since the epoch
 */
export function createSeenSessions(isLive: (session: Session) => boolean, since: number) {
  const seen = new LRUCache<string, Session>(upTo(maxSeen))

  function matching({ session, subject }: SeenFilter): Session[] {
    if (session === undefined)
      return [...seen.values()].filter((each) => subject === undefined || each.subject === subject)
    const known = seen.peek(session)
    return known === undefined || (subject !== undefined && known.subject !== subject) ? [] : [known]
  }

  return {
    since,
    note(session: Session): void {
      // Omit roles, groups and permissions: they may be long, and the list does not show them.
      const { email, org_id } = session.claims
      const names = { ...(email !== undefined && { email }), ...(org_id !== undefined && { org_id }) }
      seen.set(session.id, { ...withoutTokens(session), claims: { ...names, roles: [], groups: [], permissions: [] } })
    },
    /** The live sessions, most recently used first. */
    list: (filter: SeenFilter): SeenSession[] =>
      matching(filter)
        .filter(isLive)
        .toSorted((a, b) => b.usedAt - a.usedAt)
        .map(summaryOf),
  }
}

function summaryOf(session: Session): SeenSession {
  const { id, issuer, subject, claims, providerSessionId: sid, device, address, createdAt, usedAt } = session
  const { email, org_id: organization } = claims
  return { id, issuer, subject, email, organization, sid, device, address, createdAt, usedAt }
}
