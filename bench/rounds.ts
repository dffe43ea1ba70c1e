import type { Figures, Row } from './report.ts'

/** Runs what may fail; a failure is written into the row, which then takes part no more, and the others go on. */
export async function attempt<Value>(row: Row, work: () => Promise<Value>): Promise<Value | undefined> {
  if (row.failure !== undefined) return undefined
  try {
    return await work()
  } catch (error) {
    row.failure = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 160)
    return undefined
  }
}

/** Interleaved, so that a slow minute of the machine touches all alike. */
export async function interleave<Entrant>(
  entrants: readonly { row: Row; entrant: Entrant }[],
  rounds: number,
  measure: (entrant: Entrant) => Promise<Figures>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { row, entrant } of entrants) {
      const figures = await attempt(row, () => measure(entrant))
      if (figures !== undefined) row.runs.push(figures)
    }
  }
}
