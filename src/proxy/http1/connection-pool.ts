import { Connection } from './connection.ts'
import type { Receiver, UpstreamRequest } from './receiver.ts'
import { type AddressOptions, createSocketOpener, type OpenSocket } from './socket.ts'
import { UpstreamError } from './upstream-error.ts'

/** `maxHeaderBytes`: longest head of an answer. */
export type ConnectionPoolOptions = AddressOptions & { maxHeaderBytes: number }

/** The connections to one address. */
export type ConnectionPool = {
  /** Sends a request over an idle connection or a new one. The pool sets no limit; the caller does. */
  dispatch(request: UpstreamRequest, receiver: Receiver): void
  /** Ends all connections; requests under way fail. */
  close(): void
}

const readBytes = 65_536
/** One buffer for the process: bytes that are read into it are used before the next read. */
const buffer = Buffer.allocUnsafeSlow(readBytes)

const sweepEveryMs = 500

/** @throws TypeError when the address is invalid */
export function createConnectionPool(address: string, options: ConnectionPoolOptions): ConnectionPool {
  return new Pool(createSocketOpener(address, options), options.maxHeaderBytes)
}

class Pool implements ConnectionPool {
  readonly #open: OpenSocket
  readonly #maxHeaderBytes: number
  readonly #all: Connection[] = []
  /** A stack: the connection that was used last is used next, so that the others reach their idle limit. */
  #idle: Connection[] = []
  /** Connections that became idle in this turn of the event loop. Bytes after their last answers may not have been read yet. */
  readonly #fresh: Connection[] = []
  /** Their requests are sent at the end of this turn (`#assigned`) or of the next (`#assignedLater`). */
  #assigned: Connection[] = []
  #assignedLater: Connection[] = []
  #isTurnOpen = false
  #sweeps = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(open: OpenSocket, maxHeaderBytes: number) {
    this.#open = open
    this.#maxHeaderBytes = maxHeaderBytes
  }

  dispatch(request: UpstreamRequest, receiver: Receiver): void {
    if (this.#isStopped) return receiver.onFailure(new UpstreamError('UPSTREAM_STOPPED', 'no more requests are sent'))
    if (request.upgrade !== undefined) return this.#openFor(request, receiver)
    const rested = takeOpen(this.#idle)
    const connection = rested ?? takeOpen(this.#fresh)
    if (connection === undefined) return this.#openFor(request, receiver)
    connection.assign(request, receiver)
    ;(rested === undefined ? this.#assignedLater : this.#assigned).push(connection)
    this.#openTurn()
    receiver.onCarrier(connection)
  }

  close(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const connection of this.#all.slice()) connection.stop()
    this.#send([...this.#assigned.splice(0), ...this.#assignedLater.splice(0)])
  }

  #openFor(request: UpstreamRequest, receiver: Receiver): void {
    const options = {
      open: this.#open,
      buffer,
      maxHeaderBytes: this.#maxHeaderBytes,
      isForUpgrade: request.upgrade !== undefined,
      onIdle: (idle: Connection) => this.#onIdle(idle),
      onClosed: (closed: Connection) => this.#onClosed(closed),
    }
    const connection = new Connection(options, request, receiver)
    connection.place = this.#all.push(connection) - 1
    receiver.onCarrier(connection)
  }

  #openTurn(): void {
    if (this.#isTurnOpen) return
    this.#isTurnOpen = true
    setImmediate(() => this.#endTurn())
  }

  /**
   * Sends the requests that are ready. By now, bytes that were waiting on a connection before its request was assigned have been read:
   * they answer no request (response queue poisoning), and the connection was closed. The same goes for an end of the connection.
   * Bytes that follow an earlier answer have been read by the end of the next turn.
   */
  #endTurn(): void {
    this.#isTurnOpen = false
    const ready = this.#assigned
    this.#assigned = this.#assignedLater
    this.#assignedLater = []
    for (const connection of this.#fresh.splice(0)) this.#idle.push(connection)
    if (this.#assigned.length > 0) this.#openTurn()
    this.#send(ready)
  }

  #send(ready: readonly Connection[]): void {
    for (const connection of ready) {
      if (!connection.isClosed) {
        connection.send()
        continue
      }
      const unsent = connection.unassign()
      if (unsent !== undefined) this.dispatch(unsent.request, unsent.receiver)
    }
  }

  #onIdle(connection: Connection): void {
    if (idleLimitOf(connection.keepAlive) <= 0) return connection.destroy()
    connection.idleSince = this.#sweeps
    this.#fresh.push(connection)
    this.#openTurn()
    this.#timer ??= this.#setSweep()
  }

  #onClosed(connection: Connection): void {
    const last = this.#all.pop()
    if (last === undefined || last === connection) return
    last.place = connection.place
    this.#all[last.place] = last
  }

  #setSweep(): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), sweepEveryMs).unref()
  }

  #sweep(): void {
    this.#sweeps += 1
    const isOld = ({ idleSince, keepAlive }: Connection): boolean =>
      (this.#sweeps - idleSince) * sweepEveryMs >= idleLimitOf(keepAlive)
    for (const connection of this.#idle.filter(isOld)) connection.destroy()
    this.#idle = this.#idle.filter((each) => !each.isClosed)
    this.#timer = this.#idle.length + this.#fresh.length === 0 ? undefined : this.#setSweep()
  }
}

function takeOpen(connections: Connection[]): Connection | undefined {
  for (;;) {
    const connection = connections.pop()
    if (connection?.isClosed !== true) return connection
  }
}

/** Servers seldom keep an idle connection for less than five seconds. */
const idleLimitMs = 4_000
const maxIdleLimitMs = 600_000
/** We close a connection this long before the upstream does, so that no request is sent while the upstream closes it. */
const safetyMs = 2_000

/**
 * How long an idle connection is kept, ms.
 * @param keepAlive the upstream's `Keep-Alive`, as in `timeout=5, max=100`
 */
export function idleLimitOf(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : /(?:^|[\s,;])timeout\s*=\s*"?(\d+)/i.exec(keepAlive)?.[1]
  return seconds === undefined ? idleLimitMs : Math.min(Number(seconds) * 1_000 - safetyMs, maxIdleLimitMs)
}
