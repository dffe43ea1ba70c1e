import { Connection } from './connection.ts'
import { createIdleLimit } from './idle-limit.ts'
import type { Receiver, UpstreamRequest } from './receiver.ts'
import { type AddressOptions, createSocketOpener } from './socket.ts'
import { UpstreamError } from './upstream-error.ts'

/** `maxHeaderBytes`: longest head of an answer. */
export type ConnectionPoolOptions = AddressOptions & { maxHeaderBytes: number }

/** The connections to one address. */
export type ConnectionPool = {
  /** Sends a request over an idle connection or a new one: how many there may be is for the caller to say. */
  dispatch(request: UpstreamRequest, receiver: Receiver): void
  /** Ends all connections; requests under way fail. */
  close(): void
}

const readBytes = 65_536
/** One buffer for the process: bytes that are read into it are used before the next read. */
const buffer = Buffer.allocUnsafeSlow(readBytes)

const sweepEveryMs = 500

/** @throws TypeError when the address is none */
export function createConnectionPool(address: string, options: ConnectionPoolOptions): ConnectionPool {
  const open = createSocketOpener(address, options)
  const all: Connection[] = []
  /** The one that was used last is used next, so that the others grow old. */
  let idle: Connection[] = []
  /** Idle since this turn of the event loop: what came behind their last answers has not been seen yet. */
  let fresh: Connection[] = []
  /** To be sent at the end of this turn, and of the next. */
  let assigned: Connection[] = []
  let assignedLater: Connection[] = []
  let isTurnOpen = false
  const limitOf = createIdleLimit()
  let sweeps = 0
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  function dispatch(request: UpstreamRequest, receiver: Receiver): void {
    if (isStopped) return receiver.onFailure(new UpstreamError('UPSTREAM_STOPPED', 'no more requests are sent'))
    if (request.upgrade !== undefined) return openFor(request, receiver)
    const rested = takeOpen(idle)
    const connection = rested ?? takeOpen(fresh)
    if (connection === undefined) return openFor(request, receiver)
    connection.assign(request, receiver)
    ;(rested === undefined ? assignedLater : assigned).push(connection)
    openTurn()
    receiver.onCarrier(connection)
  }

  function takeOpen(connections: Connection[]): Connection | undefined {
    for (;;) {
      const connection = connections.pop()
      if (connection?.isClosed !== true) return connection
    }
  }

  function openFor(request: UpstreamRequest, receiver: Receiver): void {
    const isForUpgrade = request.upgrade !== undefined
    const { maxHeaderBytes } = options
    const connection = new Connection(
      { open, buffer, maxHeaderBytes, isForUpgrade, onIdle, onClosed },
      request,
      receiver,
    )
    connection.place = all.push(connection) - 1
    receiver.onCarrier(connection)
  }

  function openTurn(): void {
    if (isTurnOpen) return
    isTurnOpen = true
    setImmediate(endTurn)
  }

  /**
   * Bytes, or an end, that waited on a connection before a request was given to it belong to no request of ours, and have been
   * seen now. Those behind an answer have been once the next turn has ended (response queue poisoning).
   */
  function endTurn(): void {
    isTurnOpen = false
    const ready = assigned
    assigned = assignedLater
    assignedLater = []
    for (const connection of fresh.splice(0)) idle.push(connection)
    if (assigned.length > 0) openTurn()
    send(ready)
  }

  function send(ready: readonly Connection[]): void {
    for (const connection of ready) {
      if (!connection.isClosed) {
        connection.send()
        continue
      }
      const unsent = connection.unassign()
      if (unsent !== undefined) dispatch(unsent.request, unsent.receiver)
    }
  }

  function onIdle(connection: Connection): void {
    if (limitOf(connection.keepAlive) <= 0) return connection.destroy()
    connection.idleSince = sweeps
    fresh.push(connection)
    openTurn()
    timer ??= setTimeout(sweep, sweepEveryMs).unref()
  }

  function onClosed(connection: Connection): void {
    const last = all.pop()
    if (last === undefined || last === connection) return
    last.place = connection.place
    all[last.place] = last
  }

  function sweep(): void {
    sweeps += 1
    const old = idle.filter((each) => (sweeps - each.idleSince) * sweepEveryMs >= limitOf(each.keepAlive))
    for (const connection of old) connection.destroy()
    idle = idle.filter((each) => !each.isClosed)
    timer = idle.length + fresh.length === 0 ? undefined : setTimeout(sweep, sweepEveryMs).unref()
  }

  return {
    dispatch,
    close() {
      isStopped = true
      clearTimeout(timer)
      for (const connection of all.slice()) connection.stop()
      send([...assigned.splice(0), ...assignedLater.splice(0)])
    },
  }
}
