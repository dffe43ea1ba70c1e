import { FileSink } from './file.ts'
import type { Sink } from './sink.ts'

/**
 * The order in which sinks take a record. The next process reads from the file where this chain ended. A record that only the file has, because the process was
 * killed before it reached the other sinks, would be missing there for ever.
 */
export function filesLast(sinks: readonly Sink[]): Sink[] {
  return [...sinks.filter((sink) => !(sink instanceof FileSink)), ...sinks.filter((sink) => sink instanceof FileSink)]
}
