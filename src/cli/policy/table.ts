import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { z } from 'zod'

import { parseYaml } from '../../config/tree/parse-yaml.ts'
import { sourceAt, toPlain, type Tree } from '../../config/tree/tree.ts'
import { denyReasons } from '../../policy/deny-reasons.ts'
import { CommandFailed } from '../run-action.ts'

const claims = z.record(z.string(), z.unknown())

const expectations = ['allow', 'deny', 'refused'] as const
const method = z.string().regex(/^[A-Z]+$/, 'a method in capitals')

const written = z.strictObject({
  who: z.string(),
  method: method.default('GET'),
  path: z.string(),
  host: z.string().default(''),
  /** `refused`: the path is not canonical, so the answer is 400 whatever the rules say. */
  expect: z.enum(expectations),
  reason: z.string().optional(),
  rule: z.string().optional(),
})

/** The short form: `[jane, GET, /api/admin/users, deny, role-missing]`. */
const row = z
  .tuple([z.string(), method, z.string(), z.enum(expectations)])
  .rest(z.string())
  .transform(([who, method, path, expect, reason], context) => {
    if (context.value.length > 5) context.addIssue('at most five entries: who, method, path, decision, reason')
    return { who, method, path, host: '', expect, ...(reason !== undefined && { reason }) }
  })

const table = z.strictObject({
  people: z.record(z.string(), claims).default({}),
  tests: z.array(z.union([row, written], 'a row of who, method, path, decision and reason')).default([]),
})

export type TestRow = z.output<typeof written> & { line: number }
export type TestTable = { people: Map<string, Record<string, unknown>>; rows: TestRow[] }

/**
 * Reads a table of people and tests.
 * @throws CommandFailed with every row that cannot be read
 */
export function readTable(tree: Tree, file: string): TestTable {
  const parsed = table.safeParse(toPlain(tree))
  const at = (path: readonly (string | number)[]): number => sourceAt(tree, path).line
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      ({ path, message }) => `${file}:${at(path as (string | number)[])}: ${path.join('.')}: ${message}.`,
    )
    throw new CommandFailed(lines.join('\n'))
  }
  const { people, tests } = parsed.data
  const rows = tests.map((test, index): TestRow => ({ ...test, line: at(['tests', index]) }))
  const complaints = rows.flatMap((test) =>
    complaintsAbout(test, people).map((text) => `${file}:${test.line}: ${text}.`),
  )
  if (complaints.length > 0) throw new CommandFailed(complaints.join('\n'))
  return { people: new Map(Object.entries(people)), rows }
}

function complaintsAbout({ who, expect, reason }: TestRow, people: Record<string, unknown>): string[] {
  const isKnown = who === 'anonymous' || Object.hasOwn(people, who)
  const isReason = expect !== 'deny' || reason === undefined || denyReasons.some((known) => known === reason)
  return [
    ...(isKnown ? [] : [`${who} is not among people`]),
    ...(isReason ? [] : [`${reason} is not a reason: write one of ${denyReasons.join(', ')}`]),
  ]
}

/**
 * Reads a YAML (or JSON) file into a tree with line numbers.
 * @throws CommandFailed
 */
export async function readYaml(file: string, folder: string): Promise<Tree> {
  const text = await readFile(resolve(folder, file), 'utf8').catch((cause: unknown) => {
    throw new CommandFailed(`${file} cannot be read: give the path of a YAML or JSON file.`, { cause })
  })
  const { tree, problems } = parseYaml(file, text)
  const [problem] = problems
  if (problem === undefined) return tree
  throw new CommandFailed(`${file}:${problem.source.line}: ${problem.found}; ${problem.fix}.`)
}
