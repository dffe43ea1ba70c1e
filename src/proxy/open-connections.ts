/** A request under way, an open stream or an upgraded connection. */
export type OpenConnection = {
  /** The session it lives by; undefined for machines and public routes. */
  readonly sessionId: string | undefined
  /** Upgrades and event streams, which would outlive a shutdown if nobody closed them. */
  readonly isLongLived: boolean
  /** @param code WebSocket close code (RFC 6455 §7.4), for those that speak it */
  close(code: number, reason: string): void
}

export type OpenConnections = {
  readonly size: number
  add(connection: OpenConnection): void
  remove(connection: OpenConnection): void
  /** Ends everything that lives by a session, e.g. with 4401; returns how many there were. */
  closeSession(sessionId: string, code: number, reason: string): number
  /** Ends upgrades and event streams, e.g. with 1001 at shutdown; requests under way may finish. */
  closeLongLived(code: number, reason: string): number
}

/** Knows what is open, so that the end of a session reaches it (promise 3). Bounded by what upstreams admit. */
export function createOpenConnections(): OpenConnections {
  const all = new Set<OpenConnection>()
  const bySession = new Map<string, Set<OpenConnection>>()

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
      if (connection.sessionId === undefined) return
      const ofSession = bySession.get(connection.sessionId)
      if (ofSession === undefined) bySession.set(connection.sessionId, new Set([connection]))
      else ofSession.add(connection)
    },
    remove(connection) {
      all.delete(connection)
      if (connection.sessionId === undefined) return
      const ofSession = bySession.get(connection.sessionId)
      if (ofSession?.delete(connection) && ofSession.size === 0) bySession.delete(connection.sessionId)
    },
    closeSession(sessionId, code, reason) {
      return close(bySession.get(sessionId) ?? [], code, reason)
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
