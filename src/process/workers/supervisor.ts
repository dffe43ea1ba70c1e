import type { Config } from '../../config/schema.ts'
import type { Texts } from '../../config/tree/texts.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Refusal } from '../last-reload.ts'
import { createQuestions } from './ask-workers.ts'
import type { ToPrimary } from './channel.ts'
import type { WorkerEnd, WorkerProcess } from './worker-process.ts'

/** How many workers there should be, the content of their configuration files, and where they listen. */
export type Workforce = { count: number; texts: Texts; listen: Config['server']['listen'] }

export type SupervisorOptions = Workforce & {
  fork: () => WorkerProcess
  logger: Pick<Logger, 'error'>
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Starts workers, and replaces those that end. */
export class Supervisor {
  readonly questions = createQuestions()
  /** Resolves when all workers listen. @throws when one of the first ends before that */
  readonly started: Promise<void>
  readonly #options: SupervisorOptions
  readonly #listening = Promise.withResolvers<void>()
  readonly #running = new Map<WorkerProcess, Texts>()
  readonly #ready = new Set<WorkerProcess>()
  /** Workers that we have told to end. */
  readonly #ending = new Set<WorkerProcess>()
  #workforce: Workforce
  #refusal: Refusal | undefined
  #isListening = false
  #isClosing = false
  #failuresInARow = 0
  #replaced = 0
  /** Workers that will be started after a delay. */
  #waiting = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#workforce = options
    this.started = this.#listening.promise
    // Closing before all workers listen rejects this promise, which may have no handler then.
    this.started.catch(() => undefined)
    this.#fill()
  }

  /** How many workers have ended without being told to. */
  replaced = (): number => this.#replaced
  /** How many workers should serve. */
  count = (): number => this.#workforce.count
  /** Ids of the workers that listen and are not ending. */
  serving = (): number[] => [...this.#ready].filter((worker) => !this.#ending.has(worker)).map(({ id }) => id)
  /** Stores why the files are not in force, for workers that start later. */
  noteRefusal = (refusal: Refusal | undefined): void => void (this.#refusal = refusal)

  /** Sets number and configuration of workers. Starts missing workers and ends surplus ones. */
  use = (workforce: Workforce): void => {
    this.#workforce = workforce
    const surplus = [...this.#running.keys()].filter((worker) => !this.#ending.has(worker)).slice(workforce.count)
    for (const worker of surplus) this.#end(worker)
    this.#fill()
  }

  /** Tells a worker to end, and starts another one in its place. */
  renew = (id: number): void => {
    const worker = [...this.#running.keys()].find((each) => each.id === id)
    if (worker === undefined || this.#ending.has(worker)) return
    this.#end(worker)
    this.#fill()
  }

  /** Sends SIGTERM to all workers; resolves when they have ended. */
  close = async (): Promise<void> => {
    this.#isClosing = true
    this.#listening.reject(new Error('the workers were told to end'))
    for (const worker of this.#running.keys()) this.#end(worker)
    await Promise.all([...this.#running.keys()].map(({ ended }) => ended))
  }

  #fill(): void {
    while (!this.#isClosing && this.#running.size - this.#ending.size + this.#waiting < this.#workforce.count)
      this.#start()
  }

  #start(): void {
    const { fork, now } = this.#options
    const worker = fork()
    const startedAt = now()
    const { texts, listen } = this.#workforce
    this.#running.set(worker, texts)
    worker.onMessage((message) => this.#hear(worker, message))
    void worker.ended.then((end) => this.#lose(worker, now() - startedAt, end))
    worker.send({ kind: 'begin', texts: [...texts], listen, refusal: this.#refusal })
  }

  /** Sends SIGTERM once: a second one would end the worker by force. */
  #end(worker: WorkerProcess): void {
    if (this.#ending.has(worker)) return
    this.#ending.add(worker)
    worker.terminate()
  }

  #hear(worker: WorkerProcess, message: ToPrimary): void {
    // Ignore messages from a worker that has exited; otherwise it would join again.
    if (!this.#running.has(worker)) return
    if (message.kind === 'answer') return this.questions.answer(worker.id, message.question, message.value)
    if (message.kind === 'settle') return worker.send({ kind: 'settled' })
    this.questions.join(worker.id, worker.send)
    this.#ready.add(worker)
    // The configuration has changed since this worker started with it.
    if (this.#running.get(worker) !== this.#workforce.texts) this.renew(worker.id)
    if (this.#isListening || this.#ready.size < this.#workforce.count) return
    this.#isListening = true
    this.#listening.resolve()
  }

  #lose(worker: WorkerProcess, lifetimeMs: number, end: WorkerEnd): void {
    this.#running.delete(worker)
    this.#ready.delete(worker)
    this.questions.leave(worker.id)
    if (this.#ending.delete(worker) || this.#isClosing) return
    const { pid } = worker
    if (!this.#isListening) {
      this.#options.logger.error({ pid, ...end }, 'a worker ended at the start')
      return this.#listening.reject(new Error('a worker ended at the start; see the log lines above'))
    }
    this.#replaced += 1
    this.#failuresInARow = countFailure(lifetimeMs, this.#failuresInARow)
    const delayMs = restartDelayMs(this.#failuresInARow)
    const facts = { pid, ...end, failuresInARow: this.#failuresInARow, delayMs }
    this.#options.logger.error(facts, messageAboutEnd(this.#failuresInARow))
    this.#waiting += 1
    setTimeout(() => {
      this.#waiting -= 1
      this.#fill()
    }, delayMs)
  }
}

/** This many failures in a row are no coincidence: the next worker will probably fail, too. */
const manyFailures = 4

function messageAboutEnd(failuresInARow: number): string {
  if (failuresInARow < manyFailures) return 'a worker ended; a new one replaces it'
  return 'workers keep ending soon after their start: see their log lines above; the next try waits longer'
}

/** A worker that ran this long did not fail at its start. */
const stableMs = 30_000
const firstDelayMs = 100
const maxDelayMs = 10_000

/** How long to wait before a worker is replaced: no time after the first failure, longer after each further one in a row. */
export function restartDelayMs(failuresInARow: number): number {
  return failuresInARow <= 1 ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** (failuresInARow - 2))
}

/** @param failuresInARow before this one */
export function countFailure(lifetimeMs: number, failuresInARow: number): number {
  return lifetimeMs >= stableMs ? 1 : failuresInARow + 1
}
