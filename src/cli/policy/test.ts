import type { PolicyConfig } from '../../config/load-policy.ts'
import { decisionText } from '../../policy/explain.ts'
import type { CommandContext } from '../command-context.ts'
import { createEngine, type Engine } from './engine.ts'
import { readYaml, readTable, type TestRow, type TestTable } from './table.ts'

/** Runs a table and prints each unexpected decision as a diff. Returns the exit code. */
export async function testTable(config: PolicyConfig, file: string, { folder, out }: CommandContext): Promise<number> {
  const table = readTable(await readYaml(file, folder), file)
  const now = Date.now()
  const failures = failuresOf(table, createEngine(config, now), now)
  for (const { row, expected, actual } of failures) {
    out(`${file}:${row.line}  ${row.who} ${row.method} ${row.path}\n  - ${expected}\n  + ${actual}\n`)
  }
  out(`${table.rows.length - failures.length} passed, ${failures.length} failed\n`)
  return failures.length === 0 ? 0 : 1
}

type Failure = { row: TestRow; expected: string; actual: string }

/** The rows whose outcome is not the expected one. */
function failuresOf({ people, rows }: TestTable, engine: Engine, now: number): Failure[] {
  return rows.flatMap((row) => {
    const actual = outcomeOf(row, people.get(row.who) ?? {}, engine, now)
    const isExpected =
      actual.effect === row.expect &&
      (row.reason === undefined || row.reason === actual.reason) &&
      (row.rule === undefined || row.rule === actual.rule)
    return isExpected ? [] : [{ row, expected: expectedText(row), actual: actual.text }]
  })
}

type Outcome = { effect: TestRow['expect']; reason?: string; rule?: string; text: string }

function outcomeOf(row: TestRow, claims: Record<string, unknown>, engine: Engine, now: number): Outcome {
  const { method, path, host } = row
  const refusal = engine.refusalOf({ method, path, host })
  if (refusal !== undefined) return { effect: 'refused', reason: refusal, text: `refused ${refusal}` }
  const decision = engine.decide(engine.principal(claims), { method, path, host }, now)
  return { ...decision, text: decisionText(decision) }
}

function expectedText({ expect, reason, rule }: TestRow): string {
  const verdict = reason === undefined ? expect : `${expect} ${reason}`
  return rule === undefined ? verdict : `${verdict} by rule ${rule}`
}
