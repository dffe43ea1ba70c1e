import cluster, { type Worker } from 'node:cluster'

import type { Logger } from '../telemetry/logger.ts'
import { type Board, createBoard } from './board.ts'
import { isOurs, type ToPrimary, type ToWorker } from './messages.ts'
import { countFailure, restartDelayMs } from './restart-delay.ts'

export type Supervisor = {
  board: Board
  /** How many workers ended by themselves so far. */
  replaced: () => number
  /** Resolves when all workers listen. @throws when one of the first ends before that */
  started: Promise<void>
  /** SIGTERM to all; resolves when they have ended. */
  close: () => Promise<void>
}

export type SupervisorOptions = { count: number; logger: Logger; now: () => number }

/** Starts workers, has them share what they must, and replaces those that end. */
export function superviseWorkers({ count, logger, now }: SupervisorOptions): Supervisor {
  const board = createBoard(now)
  const ready = new Set<number>()
  const { promise: started, resolve, reject } = Promise.withResolvers<void>()
  let isStarted = false
  let isClosing = false
  let failuresInARow = 0
  let replaced = 0
  // The primary holds the listening socket: while a worker is replaced, connections go to the others or wait.
  cluster.schedulingPolicy = cluster.SCHED_RR

  function startWorker(): void {
    if (isClosing) return
    const worker = cluster.fork()
    const startedAt = performance.now()
    const send = (message: ToWorker): void => void (worker.isConnected() && worker.send(message, () => undefined))
    worker.on('message', (message: unknown) => {
      if (!isOurs(message)) return
      // From its first word on it is told things; what was said before it reads.
      board.join(worker.id, send)
      if (message.kind === 'ready') return becomeReady(worker.id)
      board.receive(worker.id, message as ToPrimary)
    })
    worker.once('exit', (code, signal) => replace(worker, performance.now() - startedAt, { code, signal }))
  }

  function becomeReady(id: number): void {
    ready.add(id)
    if (isStarted || ready.size < count) return
    isStarted = true
    resolve()
  }

  function replace(worker: Worker, lifetimeMs: number, end: { code: number; signal: string }): void {
    board.leave(worker.id)
    ready.delete(worker.id)
    if (isClosing) return
    if (!isStarted) return reject(new Error('a worker ended at the start; the lines above say why'))
    failuresInARow = countFailure(lifetimeMs, failuresInARow)
    const delayMs = restartDelayMs(lifetimeMs, failuresInARow)
    replaced += 1
    logger.error({ pid: worker.process.pid, ...end, failuresInARow, delayMs }, saidOfAnEnd(failuresInARow))
    setTimeout(startWorker, delayMs)
  }

  for (let i = 0; i < count; i += 1) startWorker()
  return {
    board,
    replaced: () => replaced,
    started,
    async close() {
      isClosing = true
      await Promise.all(
        Object.values(cluster.workers ?? {}).flatMap((worker) => (worker === undefined ? [] : [endOf(worker)])),
      )
    },
  }
}

/** From so many on it is no accident: what the next one finds is as bad as what the last one found. */
const manyFailures = 4

function saidOfAnEnd(failuresInARow: number): string {
  if (failuresInARow < manyFailures) return 'a worker ended; another takes its place'
  return 'workers keep ending soon after their start: see what they say above; the next try waits longer'
}

function endOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve()
    worker.once('exit', () => resolve())
    worker.process.kill('SIGTERM')
  })
}
