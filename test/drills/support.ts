/**
 * Drills: faults, hostile input and much at once, with real parts. `npm test` runs each for a few seconds, `npm run drills`
 * for `DRILL_SECONDS` each, and prints a report.
 */
import { appendFileSync } from 'node:fs'

import type { Test } from 'tap'

/** How long each drill goes on. */
export const drillSeconds = Number(process.env['DRILL_SECONDS'] ?? 3)

/** The result of a drill. A drill that counts no failures has to assert by itself that there were none. */
export type Figures = {
  /** Forms of input that were tried. */
  inputs: number
  /** Processes killed, connections cut, answers falsified … */
  faults: number
  requests: number
  /** Broken invariants. */
  failures: number
  /** Resources that were held for too long: sockets, timers, memory. */
  leaks: number
  /** Sessions that are gone though nobody ended them. */
  lost: number
  /** Sessions that had ended and were served again. */
  resurrected: number
}

export type DrillReport = Figures & {
  /** Whether the drill should go on. */
  hasTime(): boolean
}

/** Counts what a drill does; prints it at the end of the test, and appends it to the file `DRILL_REPORT` where that is set. */
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
