import type { Texts } from '../../config/tree/texts.ts'
import type { Board } from './board.ts'
import type { ToPrimary } from './messages.ts'
import { countFailure, restartDelayMs } from './restart-delay.ts'
import type { WorkerEnd, WorkerProcess } from './worker-process.ts'

/** A set of workers with one configuration, each replaced when it ends by itself. */
export type Generation = {
  /** How many there should be. */
  count: number
  /** Resolves when all listen. @throws when one ends before that, or the set is ended */
  listening: Promise<void>
  /** Those that listen now. */
  serving(): number[]
  /** SIGTERM to all, and nobody is replaced any more; resolves when they have ended. */
  end(): Promise<void>
}

/** An end that nobody asked for. */
export type Failure = WorkerEnd & { pid: number | undefined }
export type Replacement = Failure & { failuresInARow: number; delayMs: number }

export type GenerationOptions = {
  count: number
  /** What stood in the files of the configuration; those that come later get it as well. */
  texts: Texts
  board: Board
  fork: () => WorkerProcess
  /** Milliseconds since the epoch. */
  now: () => number
  /** Told of a worker that ends before all listen. */
  onFailedStart: (failure: Failure) => void
  onReplaced: (replacement: Replacement) => void
}

/** Starts workers, has them share what they must, and replaces those that end. */
export function startGeneration(options: GenerationOptions): Generation {
  const { count, texts, board, fork, now } = options
  const running = new Set<WorkerProcess>()
  const ready = new Set<number>()
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  // Whoever ends the set on the way does not wait for it to listen.
  listening.catch(() => undefined)
  let isListening = false
  let failuresInARow = 0
  let ending: Promise<void> | undefined

  function startWorker(): void {
    if (ending !== undefined) return
    const worker = fork()
    const startedAt = now()
    running.add(worker)
    worker.onMessage((message) => hear(worker, message))
    void worker.ended.then((end) => lose(worker, now() - startedAt, end))
    worker.send({ kind: 'texts', texts: [...texts] })
  }

  function hear(worker: WorkerProcess, message: ToPrimary): void {
    // What is heard of the dead would have them join again.
    if (!running.has(worker)) return
    // From its first word on it is told things; what was said before it reads.
    board.join(worker.id, worker.send)
    if (message.kind !== 'ready') return board.receive(worker.id, message)
    ready.add(worker.id)
    if (ready.size < count) return
    isListening = true
    resolve()
  }

  function lose(worker: WorkerProcess, lifetimeMs: number, end: WorkerEnd): void {
    running.delete(worker)
    ready.delete(worker.id)
    board.leave(worker.id)
    if (ending !== undefined) return
    if (!isListening) {
      options.onFailedStart({ pid: worker.pid, ...end })
      return reject(new Error('a worker ended at the start; the lines above say why'))
    }
    failuresInARow = countFailure(lifetimeMs, failuresInARow)
    const delayMs = restartDelayMs(lifetimeMs, failuresInARow)
    options.onReplaced({ pid: worker.pid, ...end, failuresInARow, delayMs })
    setTimeout(startWorker, delayMs)
  }

  async function endAll(): Promise<void> {
    reject(new Error('the workers were told to end'))
    for (const worker of running) worker.terminate()
    await Promise.all([...running].map((worker) => worker.ended))
  }

  for (let i = 0; i < count; i += 1) startWorker()
  return {
    count,
    listening,
    serving: () => [...ready],
    // Once: a second SIGTERM would end them by force.
    end: () => (ending ??= endAll()),
  }
}
