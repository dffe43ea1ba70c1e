import { type DestinationStream, pino } from 'pino'

/** PIPE_BUF of Linux: shorter writes do not mix with the lines of other workers (POSIX write(2)). */
const maxHeld = 4_096
/** Lines that wait for a target that takes none, such as a file on a full disk; what comes beyond is lost. */
const maxWaiting = 1_048_576

/**
 * A file descriptor or file that is written to once a turn of the event loop: under load a system call serves many lines,
 * at rest each line is written at once. An orderly exit writes the remaining lines; SIGKILL loses those of the current turn.
 */
export function createTurnDestination(target: number | string): DestinationStream {
  const destination = pino.destination({ dest: target, sync: true, maxLength: maxWaiting })
  // A log that cannot be written ends no process that serves; the next line tries again.
  destination.on('error', complainOnce)
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
  function complainOnce(error: Error): void {
    if (!hasComplained) process.stderr.write(`stagedoor: log lines could not be written: ${error.message}\n`)
    hasComplained = true
  }

  process.once('exit', flush)
  return {
    write(line) {
      if (held.length + line.length > maxHeld) flush()
      held += line
      if (isDue) return
      isDue = true
      setImmediate(endTurn)
    },
  }
}
