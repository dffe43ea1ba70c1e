import type { ShedReason } from './shed-reason.ts'

/** The part of a logger that is needed. */
export type Lines = { warn(facts: object, text: string): void; info(facts: object, text: string): void }

export type ShedLog = { note(reason: ShedReason): void; close(): void }

/** Says that requests are refused: at once the first time, then how many at most every so often, and when it is over. */
export function createShedLog(logger: Lines, everyMs: number): ShedLog {
  let counts: Partial<Record<ShedReason, number>> = {}
  let timer: NodeJS.Timeout | undefined

  function close(): void {
    clearInterval(timer)
    timer = undefined
  }

  function report(): void {
    if (Object.keys(counts).length === 0) {
      close()
      return logger.info({}, 'the overload is over: no request is refused any more')
    }
    logger.warn({ refused: counts }, 'overloaded: requests are answered with 503')
    counts = {}
  }

  return {
    note(reason) {
      counts[reason] = (counts[reason] ?? 0) + 1
      if (timer !== undefined) return
      report()
      timer = setInterval(report, everyMs).unref()
    },
    close,
  }
}
