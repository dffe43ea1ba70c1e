import type { Texts } from '../../config/tree/texts.ts'
import type { ToPrimary } from './channel.ts'
import type { Questions } from './questions.ts'
import type { WorkerEnd, WorkerProcess } from './worker-process.ts'

/** A set of workers with one configuration, each replaced when it ends by itself. */
export type Generation = {
  /** How many there should be. */
  count: number
  /** Resolves when all listen. @throws when one ends before that, or the set is ended */
  listening: Promise<void>
  /** Those that listen now. */
  serving(): number[]
  /** SIGTERM to all, and none is replaced any more; resolves when they have ended. */
  end(): Promise<void>
}

/** The unexpected end of a worker. */
export type Failure = WorkerEnd & { pid: number | undefined }
export type Replacement = Failure & { failuresInARow: number; delayMs: number }

export type GenerationOptions = {
  count: number
  /** What stood in the files of the configuration; those that come later get it as well. */
  texts: Texts
  questions: Questions
  fork: () => WorkerProcess
  /** Milliseconds since the epoch. */
  now: () => number
  /** Called when a worker ends before all listen. */
  onFailedStart: (failure: Failure) => void
  onReplaced: (replacement: Replacement) => void
}

/** Starts workers, and replaces those that end. */
export function startGeneration(options: GenerationOptions): Generation {
  const { count, texts, questions, fork, now } = options
  const running = new Set<WorkerProcess>()
  const ready = new Set<number>()
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  // Ending the set before it listens rejects this promise, which may have no handler then.
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
    // Ignore messages from a worker that has exited; otherwise it would join again.
    if (!running.has(worker)) return
    if (message.kind === 'answer') return questions.answer(worker.id, message.question, message.value)
    if (message.kind === 'settle') return worker.send({ kind: 'settled' })
    questions.join(worker.id, worker.send)
    ready.add(worker.id)
    if (ready.size < count) return
    isListening = true
    resolve()
  }

  function lose(worker: WorkerProcess, lifetimeMs: number, end: WorkerEnd): void {
    running.delete(worker)
    ready.delete(worker.id)
    questions.leave(worker.id)
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

/** A worker that lived so long did not fail at its start. */
const stableMs = 30_000
const firstDelayMs = 100
const maxDelayMs = 10_000

/** How long to wait before a worker is replaced: at once after a long life, ever longer after short ones. */
export function restartDelayMs(lifetimeMs: number, failuresInARow: number): number {
  if (lifetimeMs >= stableMs || failuresInARow <= 1) return 0
  return Math.min(maxDelayMs, firstDelayMs * 2 ** (failuresInARow - 2))
}

/** @param failuresInARow before this one */
export function countFailure(lifetimeMs: number, failuresInARow: number): number {
  return lifetimeMs >= stableMs ? 1 : failuresInARow + 1
}
