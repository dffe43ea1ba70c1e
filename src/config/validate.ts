import type { z } from 'zod'

import { contradictions } from './cross-checks.ts'
import { optionAt, optionTree } from './option.ts'
import { describeFound, problemsOf, type Surroundings } from './problem-from-issue.ts'
import type { Finding, KnownSections, Problem } from './problem.ts'
import { configSchema } from './schema.ts'
import type { Absences } from './tree/interpolate.ts'
import { formatPath, hasMembers, sourceAt, toPlain, valueAt, type Path, type Tree } from './tree/tree.ts'
import { warningsAbout } from './warnings.ts'

/**
 * Checks a resolved tree against the schema and across sections. Values in `unresolved` are reported once.
 * @returns in `sections` the valid sections, even if the whole configuration is invalid
 */
export function validate(tree: Tree, absences: Absences, unresolved: readonly Problem[]) {
  const plain = toPlain(tree)
  const around: Surroundings = {
    get root() {
      return optionTree()
    },
    tree,
    plain,
    absences,
  }
  const parsed = configSchema.safeParse(plain)
  const sections: KnownSections = parsed.success ? parsed.data : wellFormedSections(plain, parsed.error.issues)
  const toProblem = (finding: Finding): Problem => locate(finding, around)
  const shapeProblems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, around))
  const problems = [
    ...unresolved.map((problem) => withMeaning(problem, around)),
    ...shapeProblems.filter(({ path }) => !unresolved.some((known) => isSamePlace(known.path, path))),
    ...Array.from(contradictions(sections), toProblem),
  ]
  const warnings = Array.from(warningsAbout(sections), toProblem)
  return { config: parsed.data, sections, problems, warnings }
}

/** The sections without issues, so that contradictions between them are reported together with other problems. */
function wellFormedSections(plain: unknown, issues: readonly z.core.$ZodIssue[]): KnownSections {
  const ill = issues.flatMap((issue) => (issue.path.length > 0 ? [issue.path[0]] : unknownKeys(issue)))
  const well = hasMembers(plain) ? Object.entries(plain).filter(([name]) => !ill.includes(name)) : []
  return configSchema.partial().safeParse(Object.fromEntries(well)).data ?? {}
}

function unknownKeys(issue: z.core.$ZodIssue): string[] {
  return issue.code === 'unrecognized_keys' ? issue.keys : []
}

function withMeaning(problem: Problem, { root }: Surroundings): Problem {
  const meaning = optionAt(root, problem.path)?.description ?? optionAt(root, problem.path.slice(0, -1))?.description
  return meaning === undefined ? problem : { ...problem, meaning }
}

function isSamePlace(known: Path, path: Path): boolean {
  return formatPath(known) === formatPath(path)
}

function locate({ path, expected, fix }: Finding, { root, tree, plain }: Surroundings): Problem {
  const value = valueAt(plain, path)
  const found = describeFound(value, optionAt(root, path))
  return { source: sourceAt(tree, path), path, ...(found !== undefined && { found }), expected, fix }
}
