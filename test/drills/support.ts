/**
 * Drills: faults, hostile input and load, with real parts. `npm test` runs each for a few seconds, `npm run drills`
 * for `DRILL_SECONDS` each, and prints a report.
 */
import { appendFileSync } from 'node:fs'

import type { Test } from 'tap'

/** Duration of each drill. */
export const drillSeconds = Number(process.env['DRILL_SECONDS'] ?? 3)

/** The result of a drill. A drill that does not count failures has to assert that there were none. */
export type Figures = {
  /** Number of tried forms of input. */
  inputs: number
  /** Processes killed, connections cut, answers falsified … */
  faults: number
  requests: number
  /** Broken invariants. */
  failures: number
  /** Resources held for too long: sockets, timers, memory. */
  leaks: number
  /** Sessions that disappeared without being ended. */
  lost: number
  /** Sessions that had ended and were served again. */
  resurrected: number
}

export type DrillReport = Figures & {
  /** Whether the drill should go on. */
  hasTime(): boolean
}

/** Counts the work of a drill. Prints the figures at the end of the test, and appends them to the file `DRILL_REPORT` if set. */
export function startReport(t: Test, drill: string): DrillReport {
  const endsAt = performance.now() + drillSeconds * 1_000
  const none: Figures = { inputs: 0, faults: 0, requests: 0, failures: 0, leaks: 0, lost: 0, resurrected: 0 }
  const report = Object.assign(none, { hasTime: () => performance.now() < endsAt })
  t.teardown(() => {
    const { hasTime: _hasTime, ...figures } = report
    t.comment(`${drill}: ${JSON.stringify(figures)}`)
    const file = process.env['DRILL_REPORT']
    if (file !== undefined) appendFileSync(file, `${JSON.stringify({ drill, ...figures })}\n`)
  })
  return report
}
