import type { ToPrimary, ToWorker } from '../../../src/process/workers/channel.ts'
import type { WorkerEnd, WorkerProcess } from '../../../src/process/workers/worker-process.ts'

/** A worker without a process. The test decides which messages it sends and when it ends. */
export type FakeWorker = WorkerProcess & {
  received: ToWorker[]
  sigterms: number
  say(message: ToPrimary): void
  /** Reports that the worker listens. */
  listen(): void
  die(end?: WorkerEnd): void
}

export type FakeWorkers = {
  fork: () => WorkerProcess
  /** In the order of their start. */
  all: FakeWorker[]
  /** The worker at this index of `all`. */
  at: (place: number) => FakeWorker
}

/** @param isObedient whether SIGTERM ends the workers at once */
export function createFakeWorkers({ isObedient = true } = {}): FakeWorkers {
  const all: FakeWorker[] = []

  function fork(): FakeWorker {
    const ended = Promise.withResolvers<WorkerEnd>()
    const listeners: ((message: ToPrimary) => void)[] = []
    const worker: FakeWorker = {
      id: all.length + 1,
      pid: 1_000 + all.length,
      received: [],
      sigterms: 0,
      send: (message) => void worker.received.push(message),
      onMessage: (listener) => void listeners.push(listener),
      ended: ended.promise,
      terminate() {
        worker.sigterms += 1
        if (isObedient) worker.die({ code: 0, signal: '' })
      },
      say: (message) => listeners.forEach((listener) => listener(message)),
      listen: () => worker.say({ kind: 'ready' }),
      die: (end = { code: 1, signal: '' }) => ended.resolve(end),
    }
    all.push(worker)
    return worker
  }

  function at(place: number): FakeWorker {
    const worker = all[place]
    if (worker === undefined) throw new Error(`no worker ${place} was started`)
    return worker
  }

  return { fork, all, at }
}
