import { pino } from 'pino'

/** PIPE_BUF of Linux: writes up to this size do not mix with the lines of other workers (POSIX write(2)). */
const maxHeld = 4_096
/** How many characters may wait while the target accepts none, such as a file on a full disk. Further lines are lost. */
const maxWaiting = 1_048_576
/** Time between two retries once no more lines can wait: each costs a system call. */
const retryMs = 1_000

/**
 * A file descriptor or file that is written once in each turn of the event loop: under load one system call writes many lines,
 * otherwise each line is written at once. An orderly exit writes the remaining lines; SIGKILL loses those of the current turn.
 */
export function createLogDestination(target: number | string) {
  const destination = pino.destination({ dest: target, sync: true, maxLength: maxWaiting })
  // A log that cannot be written must not end the process; the next line tries again.
  destination.on('error', fail)
  destination.on('write', () => void (failure = undefined))
  destination.on('drop', lose)
  const listeners = new Set<(lines: string) => void>()
  let failure: string | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let held = ''
  let isDue = false

  function flush(): void {
    if (held === '') return
    const lines = held
    held = ''
    destination.write(lines)
  }

  function endTurn(): void {
    isDue = false
    flush()
  }

  let hasComplained = false
  function fail(error: Error): void {
    failure = error.message
    if (!hasComplained) process.stderr.write(`stagedoor: log lines could not be written: ${error.message}\n`)
    hasComplained = true
  }

  /** Drops lines for which there is no room, and retries the waiting ones once in `retryMs`. */
  function lose(lines: string): void {
    for (const listener of listeners) listener(lines)
    if (performance.now() - triedAt < retryMs) return
    triedAt = performance.now()
    // An empty write makes pino retry the waiting lines; flushSync() would not return while the disk is full.
    destination.write('')
  }

  process.once('exit', flush)
  return {
    /** Why the target accepts no lines now; undefined while it does. */
    failure: (): string | undefined => failure,
    /** Calls the listener with lines that are dropped because there is no room. */
    onLost: (listener: (lines: string) => void) => void listeners.add(listener),
    write(line: string): void {
      if (held.length + line.length > maxHeld) flush()
      held += line
      if (isDue) return
      isDue = true
      setImmediate(endTurn)
    },
  }
}
