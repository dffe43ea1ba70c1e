import { type DestinationStream, pino } from 'pino'

/** PIPE_BUF of Linux: shorter writes do not mix with the lines of other workers (POSIX write(2)). */
const maxHeld = 4_096

/**
 * A file descriptor or file that is written to once a turn of the event loop: under load a system call serves many lines,
 * at rest each line is written at once. An orderly exit writes the remaining lines; SIGKILL loses those of the current turn.
 */
export function createTurnDestination(target: number | string): DestinationStream {
  const destination = pino.destination({ dest: target, sync: true })
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
