import type { Texts } from '../../config/tree/texts.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { type Failure, type Generation, type Replacement, startGeneration } from './generation.ts'
import { createQuestions, type Questions } from './questions.ts'
import type { WorkerProcess } from './worker-process.ts'

/** How many workers there should be, and what stood in the files of their configuration. */
export type Workforce = { count: number; texts: Texts }

export type Supervisor = {
  questions: Questions
  /** How many workers ended by themselves so far. */
  replaced: () => number
  /** How many workers should serve. */
  count: () => number
  /** Those that serve with the configuration in force; not those that start, nor those that end. */
  serving: () => readonly number[]
  /** Resolves when all workers listen. @throws when one of the first ends before that */
  started: Promise<void>
  /**
   * Starts other workers beside those that run, and puts them in charge when all listen.
   * @returns ends those that were in charge, in order
   * @throws when one ends before it listens, or does not listen in time: nothing has changed then
   */
  renew: (workforce: Workforce) => Promise<() => Promise<void>>
  /** SIGTERM to all; resolves when they have ended. */
  close: () => Promise<void>
}

export type SupervisorOptions = Workforce & {
  fork: () => WorkerProcess
  logger: Pick<Logger, 'error'>
  /** Milliseconds since the epoch. */
  now: () => number
  /** How long renewed workers may take until all listen, ms. */
  maxStartMs?: number
}

/** Looks after the workers of one configuration at a time, and of two while one takes the other's place. */
export function superviseWorkers({
  count,
  texts,
  fork,
  logger,
  now,
  maxStartMs = 60_000,
}: SupervisorOptions): Supervisor {
  const questions = createQuestions()
  const generations = new Set<Generation>()
  let isClosing = false
  let replaced = 0

  const onFailedStart = (failure: Failure): void => logger.error(failure, 'a worker ended at the start')
  const onReplaced = (replacement: Replacement): void => {
    replaced += 1
    logger.error(replacement, messageAboutEnd(replacement.failuresInARow))
  }
  const common = { questions, fork, now, onFailedStart, onReplaced }
  let current = start({ count, texts })

  function start(workforce: Workforce): Generation {
    const generation = startGeneration({ ...workforce, ...common })
    generations.add(generation)
    return generation
  }

  async function end(generation: Generation): Promise<void> {
    await generation.end()
    generations.delete(generation)
  }

  return {
    questions,
    replaced: () => replaced,
    count: () => current.count,
    serving: () => current.serving(),
    started: current.listening,

    async renew(workforce) {
      if (isClosing) throw new Error('the gateway is closing')
      const next = start(workforce)
      try {
        await within(maxStartMs, next.listening)
      } catch (cause) {
        await end(next)
        throw cause
      }
      const before = current
      current = next
      return () => end(before)
    },

    async close() {
      isClosing = true
      await Promise.all([...generations].map(end))
    },
  }
}

/** So many failures in a row are no accident: the next worker would fail as well. */
const manyFailures = 4

function messageAboutEnd(failuresInARow: number): string {
  if (failuresInARow < manyFailures) return 'a worker ended; another takes its place'
  return 'workers keep ending soon after their start: see what they say above; the next try waits longer'
}

async function within(maxMs: number, promise: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not all workers listen within ${maxMs / 1000} s`)), maxMs)
  await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}
