import { connect, type Socket } from 'node:net'

import { Yallist } from 'yallist'

import { createAnswerReader } from './answer-reader.ts'
import type { Outcome } from './tally.ts'

type Target = { host: string; port: number; head: string }

type Limits = {
  /** The maximum number of clients. Beyond it requests wait for a free connection. */
  max: number
  timeoutMs: number
}

type Connection = { socket: Socket; dueAt: number | undefined; sentAt: number; timer: NodeJS.Timeout | undefined }

export type Connections = {
  /** Opens this many connections in advance. */
  open(count: number): Promise<void>
  /** Asks on a free connection, else on a new one. `dueAt` is when a person would have clicked. */
  ask(dueAt: number): void
  /** Requests that were neither answered nor abandoned. */
  pending(): number
  close(): void
}

/**
 * Keep-alive connections that carry one request at a time, taken in turns.
 * @param report gets the outcome of each request, once
 */
export function createConnections(
  { host, port, head }: Target,
  { max, timeoutMs }: Limits,
  report: (outcome: Outcome) => void,
): Connections {
  const free: Connection[] = []
  const all = new Set<Connection>()
  // A list, since shifting a long array would move all of it each time.
  const waiting = new Yallist<number>()

  const finish = (connection: Connection, outcome: Outcome): void => {
    const { dueAt } = connection
    connection.dueAt = undefined
    clearTimeout(connection.timer)
    if (dueAt !== undefined) report(outcome)
  }

  const write = (connection: Connection, dueAt: number): void => {
    connection.dueAt = dueAt
    connection.sentAt = performance.now()
    connection.timer = setTimeout(() => {
      finish(connection, { kind: 'timed-out' })
      connection.socket.destroy()
    }, timeoutMs)
    connection.socket.write(head)
  }

  /** Drops requests that have waited longer than a person would. */
  const nextWaiting = (): number | undefined => {
    for (;;) {
      const dueAt = waiting.shift()
      if (dueAt === undefined || performance.now() - dueAt < timeoutMs) return dueAt
      report({ kind: 'unsent' })
    }
  }

  const release = (connection: Connection): void => {
    const dueAt = nextWaiting()
    if (dueAt === undefined) free.push(connection)
    else write(connection, dueAt)
  }

  const add = (): Connection => {
    const read = createAnswerReader()
    const socket = connect({ host, port, noDelay: true })
    const connection: Connection = { socket, dueAt: undefined, sentAt: 0, timer: undefined }
    all.add(connection)
    socket.on('data', (bytes: Buffer) => {
      const answer = read(bytes)
      if (answer === undefined || connection.dueAt === undefined) return
      const { status, isLast, hasRetryAfter } = answer
      const answeredAtMs = performance.now()
      finish(connection, {
        kind: 'answered',
        status,
        hasRetryAfter,
        answeredAtMs,
        latencyMs: answeredAtMs - connection.dueAt,
        sinceSentMs: answeredAtMs - connection.sentAt,
      })
      if (isLast) socket.destroy()
      else release(connection)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      finish(connection, { kind: 'broken' })
      all.delete(connection)
      const at = free.indexOf(connection)
      if (at !== -1) free.splice(at, 1)
      const dueAt = nextWaiting()
      if (dueAt !== undefined) write(add(), dueAt)
    })
    return connection
  }

  return {
    async open(count) {
      const added = Array.from({ length: count }, add)
      await Promise.all(added.map(({ socket }) => settled(socket)))
      free.push(...added.filter(({ socket }) => !socket.destroyed))
    },
    ask(dueAt) {
      const connection = free.shift() ?? (all.size < max ? add() : undefined)
      if (connection === undefined) waiting.push(dueAt)
      else write(connection, dueAt)
    },
    pending: () => waiting.length + [...all].filter(({ dueAt }) => dueAt !== undefined).length,
    close() {
      while (waiting.shift() !== undefined) report({ kind: 'unsent' })
      for (const connection of all) {
        finish(connection, { kind: 'timed-out' })
        connection.socket.destroy()
      }
    },
  }
}

const settled = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('connect', () => resolve())
    socket.once('close', () => resolve())
  })
