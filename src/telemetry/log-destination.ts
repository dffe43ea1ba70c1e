import { pino } from 'pino'

/** PIPE_BUF of Linux: shorter writes do not mix with the lines of other workers (POSIX write(2)). */
const maxHeld = 4_096
/** Characters of lines that wait for a target that takes none, such as a file on a full disk; what comes beyond is lost. */
const maxWaiting = 1_048_576
/** Between two tries once no more lines can wait: each costs a system call. */
const retryMs = 1_000

/**
 * A file descriptor or file that is written to once a turn of the event loop: under load a system call serves many lines,
 * at rest each line is written at once. An orderly exit writes the remaining lines; SIGKILL loses those of the current turn.
 */
export function createLogDestination(target: number | string) {
  const destination = pino.destination({ dest: target, sync: true, maxLength: maxWaiting })
  // A log that cannot be written ends no process that serves; the next line tries again.
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

  /** Gives up lines for which there is no room, and tries the waiting ones again, once in `retryMs`. */
  function lose(lines: string): void {
    for (const listener of listeners) listener(lines)
    if (performance.now() - triedAt < retryMs) return
    triedAt = performance.now()
    // Writing nothing makes pino try what waits; flushSync() would not return while the disk is full.
    destination.write('')
  }

  process.once('exit', flush)
  return {
    /** Why the target takes no lines now. */
    failure: (): string | undefined => failure,
    /** Called with lines that are given up for want of room. */
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
