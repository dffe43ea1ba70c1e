import type { RequestFacts } from '../boundary/facts.ts'
import type { Session } from '../session/session.ts'

/** What a connection was opened for; what policy decided on. */
export type Asked = Pick<RequestFacts, 'method' | 'path' | 'host'>

/** A request under way, an open stream or an upgraded connection. */
export type OpenConnection = {
  /** The session it lives by, as it was at the start; undefined for machines and public routes. */
  readonly session: Session | undefined
  readonly asked: Asked
  /** Upgrades and event streams, which would outlive a shutdown if nobody closed them. */
  readonly isLongLived: boolean
  /** @param code WebSocket close code (RFC 6455 §7.4), for those that speak it */
  close(code: number, reason: string): void
}

/** A session with something open. */
export type OpenSession = {
  /** As it was last heard of. */
  session: Session
  readonly connections: ReadonlySet<OpenConnection>
}

export type OpenConnections = {
  readonly size: number
  add(connection: OpenConnection): void
  remove(connection: OpenConnection): void
  ofSession(sessionId: string): OpenSession | undefined
  sessions(): Iterable<OpenSession>
  /** Ends everything that lives by a session, e.g. with 4401; returns how many there were. */
  closeSession(sessionId: string, code: number, reason: string): number
  /** Ends upgrades and event streams, e.g. with 1001 at shutdown; requests under way may finish. */
  closeLongLived(code: number, reason: string): number
}

/** Knows what is open, so that the end of a session reaches it (promise 3). Bounded by what upstreams admit. */
export function createOpenConnections(): OpenConnections {
  const all = new Set<OpenConnection>()
  const bySession = new Map<string, { session: Session; connections: Set<OpenConnection> }>()

  function close(connections: Iterable<OpenConnection>, code: number, reason: string): number {
    // A copy: closing removes from the set that is walked through.
    const closing = [...connections]
    for (const connection of closing) connection.close(code, reason)
    return closing.length
  }

  return {
    get size() {
      return all.size
    },
    add(connection) {
      all.add(connection)
      const { session } = connection
      if (session === undefined) return
      const open = bySession.get(session.id)
      if (open === undefined) bySession.set(session.id, { session, connections: new Set([connection]) })
      else {
        if (session.usedAt >= open.session.usedAt && session.refreshedAt >= open.session.refreshedAt)
          open.session = session
        open.connections.add(connection)
      }
    },
    remove(connection) {
      all.delete(connection)
      if (connection.session === undefined) return
      const open = bySession.get(connection.session.id)
      if (open?.connections.delete(connection) && open.connections.size === 0) bySession.delete(connection.session.id)
    },
    ofSession: (sessionId) => bySession.get(sessionId),
    // A copy: closing removes from the map that is walked through.
    sessions: () => [...bySession.values()],
    closeSession(sessionId, code, reason) {
      return close(bySession.get(sessionId)?.connections ?? [], code, reason)
    },
    closeLongLived(code, reason) {
      return close(
        [...all].filter((connection) => connection.isLongLived),
        code,
        reason,
      )
    },
  }
}
