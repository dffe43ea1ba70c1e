import { reasonOf, type Sink } from './sink.ts'

/** Takes whole lines, and may report failures and losses. */
export type Output = {
  write(line: string): void
  /** The reason why it cannot write lines now. */
  failure?: () => string | undefined
  /** Calls the listener with lines that it drops (`telemetry/log-destination.ts` limits how many wait). */
  onLost?: (listener: (lines: string) => void) => void
}

/** The prefix of a line with a record; no log line has it. */
const recordStart = /^\{"level":"info","time":"[^"]*","audit":/gm

/**
 * Writes records between the log lines, in the same format. They ignore `log.level`, because a trail must have no gaps. The log's
 * destination writes once per turn of the event loop, so `settled` waits for one turn.
 */
export function createStdoutSink(output: Output): Sink {
  let lost = 0
  let reason: string | undefined
  output.onLost?.((lines) => void (lost += lines.match(recordStart)?.length ?? 0))

  function write(line: string): void {
    try {
      output.write(`{"level":"info","time":"${timeIn(line)}","audit":${line},"msg":"audit"}\n`)
      reason = undefined
    } catch (error) {
      lost += 1
      reason = reasonOf(error)
    }
  }

  return {
    name: 'stdout',
    onFailure: 'continue',
    take(lines) {
      for (const line of lines) write(line)
    },
    settled: () => new Promise((resolve) => setImmediate(resolve)),
    status: () => ({ reason: reason ?? output.failure?.(), waiting: 0, lost }),
    close: async () => undefined,
  }
}

const timeName = '"time":"'

/** Reads the time from the text without parsing it. Inside a JSON value the quotes would be escaped, so only the member itself matches. */
function timeIn(line: string): string {
  const at = line.lastIndexOf(timeName) + timeName.length
  return line.slice(at, line.indexOf('"', at))
}
