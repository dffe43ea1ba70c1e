import { FileSink } from './file.ts'
import type { Sink } from './sink.ts'

/**
 * Orders sinks so that files take a record last. The next process reads the end of this chain from the file. If the process were killed
 * when only the file had a record, that record would be missing in the other sinks.
 */
export function filesLast(sinks: readonly Sink[]): Sink[] {
  return [...sinks.filter((sink) => !(sink instanceof FileSink)), ...sinks.filter((sink) => sink instanceof FileSink)]
}
