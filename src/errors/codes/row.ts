/** One row of the error table; `docs/errors.md` is generated from it. */
export type ErrorRow = {
  status: number
  /** Log level: `info` for a client's mistake, `warn` for something to watch, `error` for something to mend. */
  level: 'info' | 'warn' | 'error'
  /** The public sentence: what happened, without detail that would help an attacker. */
  sentence: string
  /** What to do next; shown to the person and printed in the docs. */
  remedy: string
}

/** A row, written short. */
export const row = (status: number, level: ErrorRow['level'], sentence: string, remedy: string): ErrorRow => ({
  status,
  level,
  sentence,
  remedy,
})
