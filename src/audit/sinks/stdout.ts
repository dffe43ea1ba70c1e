import { reasonOf, type Sink } from './sink.ts'

/** Takes whole lines, and may say what becomes of them. */
export type Output = {
  write(line: string): void
  /** Why it takes no lines now. */
  failure?: () => string | undefined
  /** Calls the listener with lines that it gives up (`telemetry/log-destination.ts` bounds what waits). */
  onLost?: (listener: (lines: string) => void) => void
}

/** The prefix of a record, which no line of the log has. */
const recordStart = /^\{"level":"info","time":"[^"]*","audit":/gm

/**
 * Records as lines that look like those of the log, among which they stand, and whatever `log.level` keeps out: a trail
 * has no gaps. The log's destination writes once a turn of the event loop, so that a turn later all is written.
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

/** Read from the text: inside of a value the quotes of such a name would be escaped. */
function timeIn(line: string): string {
  const at = line.lastIndexOf(timeName) + timeName.length
  return line.slice(at, line.indexOf('"', at))
}
