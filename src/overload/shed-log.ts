import type { ShedReason } from './refusal.ts'

type Lines = { warn(facts: object, text: string): void; info(facts: object, text: string): void }

/** Logs that requests are refused: at once the first time, then how many at most every so often, and when it is over. */
export function createShedLog(logger: Lines, everyMs: number) {
  const counts = new Map<ShedReason, number>()
  let timer: NodeJS.Timeout | undefined

  function report(): void {
    if (counts.size === 0) {
      close()
      return logger.info({}, 'the overload is over: no request is refused any more')
    }
    logger.warn({ refused: Object.fromEntries(counts) }, 'overloaded: requests are answered with 503')
    counts.clear()
  }

  function close(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    note(reason: ShedReason): void {
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
      if (timer !== undefined) return
      report()
      timer = setInterval(report, everyMs).unref()
    },
    close,
  }
}
