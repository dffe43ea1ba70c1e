import type { Asked } from '../policy/first-matching-rule.ts'
import type { Session } from '../session/session.ts'

/** A request under way, an open stream or an upgraded connection. */
export type OpenConnection = {
  /** The latest known state of its session; undefined for machines and public routes. */
  session: Session | undefined
  /** The request that opened it, as policy decided on it. */
  readonly asked: Asked
  /** Upgrades and event streams, which have to be closed at a shutdown. */
  readonly isLongLived: boolean
  /** Position in the list of open connections. Only the list writes it. */
  index: number
  /** @param code WebSocket close code (RFC 6455 §7.4); only upgraded connections send it */
  close(code: number, reason: string): void
}

/** A session with something open. */
type OpenSession = {
  /** The session's latest known state. */
  readonly session: Session
  readonly connections: readonly OpenConnection[]
}

export type OpenConnections = ReturnType<typeof createOpenConnections>

/**
 * Keeps a list of open connections, so that they close when their session ends. The limits of the upstreams bound the list.
 *
 * The list is an array, because requests come and go constantly and lookups are rare. A Set or Map would be rehashed constantly, and
 * V8 links each discarded table to the next one: a table in the old generation would keep all later requests out of young collections.
 */
export function createOpenConnections() {
  const all: OpenConnection[] = []

  function closeAll(connections: readonly OpenConnection[], code: number, reason: string): number {
    for (const connection of connections) connection.close(code, reason)
    return connections.length
  }

  function connectionsOf(sessionId: string): OpenConnection[] {
    return all.filter(({ session }) => session?.id === sessionId)
  }

  return {
    get size(): number {
      return all.length
    },
    add(connection: OpenConnection): void {
      connection.index = all.push(connection) - 1
    },
    remove(connection: OpenConnection): void {
      if (all[connection.index] !== connection) return
      const last = all.pop()
      if (last === undefined || last === connection) return
      last.index = connection.index
      all[last.index] = last
    },
    ofSession(sessionId: string): OpenSession | undefined {
      const [open] = bySession(connectionsOf(sessionId))
      return open
    },
    sessions: (): readonly OpenSession[] => bySession(all),
    /** Closes all connections of a session, e.g. with 4401; returns how many there were. */
    closeSession: (sessionId: string, code: number, reason: string): number =>
      closeAll(connectionsOf(sessionId), code, reason),
    /** Closes upgrades and event streams, e.g. with 1001 at shutdown; requests under way may finish. */
    closeLongLived: (code: number, reason: string): number =>
      closeAll(
        all.filter(({ isLongLived }) => isLongLived),
        code,
        reason,
      ),
  }
}

function bySession(connections: readonly OpenConnection[]): OpenSession[] {
  const open = new Map<string, { session: Session; connections: OpenConnection[] }>()
  for (const connection of connections) {
    const { session } = connection
    if (session === undefined) continue
    const known = open.get(session.id)
    if (known === undefined) {
      open.set(session.id, { session, connections: [connection] })
      continue
    }
    known.session = newest(known.session, session)
    known.connections.push(connection)
  }
  return [...open.values()]
}

/** Merges two states of a session: the later refresh and the later use. Updates may arrive late and from different replicas. */
export function newest(one: Session, other: Session): Session {
  if (one === other) return one
  const usedAt = Math.max(one.usedAt, other.usedAt)
  const fresher = other.refreshedAt >= one.refreshedAt ? other : one
  return fresher.usedAt === usedAt ? fresher : { ...fresher, usedAt }
}
