import cluster from 'node:cluster'

import { isOurs, type ToPrimary, type ToWorker } from './channel.ts'

export type WorkerEnd = { code: number; signal: string }

/** A worker as the primary sees it. */
export type WorkerProcess = {
  id: number
  pid: number | undefined
  send: (message: ToWorker) => void
  onMessage(listener: (message: ToPrimary) => void): void
  /** Sends SIGTERM: the worker lets open requests finish, then ends. */
  terminate(): void
  ended: Promise<WorkerEnd>
}

/** Starts a worker with the command line and the environment of this process. */
export function forkWorker(): WorkerProcess {
  // With SCHED_RR the primary holds the listening socket: while a worker is replaced, connections go to the others or wait.
  cluster.schedulingPolicy = cluster.SCHED_RR
  const worker = cluster.fork()
  return {
    id: worker.id,
    pid: worker.process.pid,
    send: (message) => void (worker.isConnected() && worker.send(message, () => undefined)),
    onMessage(listener) {
      worker.on('message', (message: unknown) => {
        if (isOurs(message)) listener(message as ToPrimary)
      })
    },
    terminate: () => void worker.process.kill('SIGTERM'),
    ended: new Promise((resolve) => {
      worker.once('exit', (code: number, signal: string) => resolve({ code, signal }))
    }),
  }
}
