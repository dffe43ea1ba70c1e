import { createMinutes } from './counts-by-minute.ts'
import { fits, type RecordFilter } from './filter.ts'
import { createLineRing } from './line-ring.ts'
import type { AuditRecord } from './record-schema.ts'
import { bytesOf, type Sink } from './sinks/sink.ts'

export type RecentRecords = ReturnType<typeof createRecentRecords>

const defaultMax = 2_000
/** Space per record; most records take 600 bytes. */
const bytesPerRecord = 1_024

const shownMinutes = 30

/**
 * Keeps the latest records of this process for the console. The trail itself is in its sinks.
 * @param now milliseconds since the epoch
 */
export function createRecentRecords(now: () => number, max = defaultMax) {
  const ring = createLineRing(max * bytesPerRecord)
  let last: string | undefined
  const minutes = createMinutes(shownMinutes)
  const sink: Sink = {
    name: 'console',
    onFailure: 'continue',
    take(lines, bytes = bytesOf(lines)) {
      ring.push(bytes)
      last = lines.at(-1)
    },
    settled: async () => undefined,
    status: () => ({ waiting: 0, lost: 0 }),
    close: async () => undefined,
  }
  return {
    /** Add this to the sinks of the trail. */
    sink,
    /** Counts an event that was recorded. */
    count: minutes.count,
    /** The matching records, latest first, at most `limit`. */
    list: (filter: RecordFilter, limit: number): AuditRecord[] =>
      ring
        .lines()
        .slice(-max)
        .toReversed()
        .map((line): AuditRecord => JSON.parse(line))
        .filter((record) => fits(record, filter))
        .slice(0, limit),
    /** The last record as a line. It changes when there are new records. */
    last: (): string | undefined => last,
    /** The counts of the last half hour by minute; the current minute comes last. */
    minutes: () => minutes.list(now()),
  }
}
