import { stringify } from 'yaml'
import type { z } from 'zod'

import { holdsSecret, type Option, allPaths, memberNames, optionAt, ownMember } from './option.ts'
import type { Problem } from './problem.ts'
import { configSchema } from './schema.ts'
import type { Absences } from './tree/interpolate.ts'
import { formatPath, hasMembers, sourceAt, valueAt, type Path, type Tree } from './tree/tree.ts'
import { counted } from './values/quantities.ts'

const maxShownLength = 60

/** Describes a value in a problem. Never shows a secret, or a value that the schema does not know. */
export function describeFound(value: unknown, option: Option | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (typeof value === 'string') return describeText(value, option)
  if (typeof value === 'number' || typeof value === 'boolean')
    return isShowable(option) ? `the ${typeof value} ${value}` : `a ${typeof value}`
  return `a ${typeof value}`
}

function describeText(text: string, option: Option | undefined): string {
  if (!isShowable(option)) return `text of ${counted(text.length, 'character')} (not shown)`
  // A URL may contain a password even if the option does not expect one.
  const safe = text.replaceAll(/\/\/[^/@\s]*@/g, '//[secret]@')
  return JSON.stringify(safe.length > maxShownLength ? `${safe.slice(0, maxShownLength)}…` : safe)
}

function isShowable(option: Option | undefined): boolean {
  return option !== undefined && !holdsSecret(option)
}

/** Edits (insert, delete, replace, swap neighbours) that turn one word into another. */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const cell = (row: number, column: number) => Number(rows[row]?.[column])
  for (let row = 1; row <= from.length; row++) {
    rows[row] = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = isSwap ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
      const replaced = cell(row - 1, column - 1) + (isSame ? 0 : 1)
      rows[row]?.push(Math.min(cell(row - 1, column) + 1, cell(row, column - 1) + 1, replaced, swapped))
    }
  }
  return cell(from.length, to.length)
}

/** The known word that was probably meant; undefined if none is similar. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const normal = normalise(word)
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(normal, normalise(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  const limit = Math.max(1, Math.floor(word.length / 3))
  return best !== undefined && best.distance <= limit ? best.candidate : undefined
}

/** Ignores case, dashes and underscores: people see such spellings as the same word. */
function normalise(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}

type Issue = z.core.$ZodIssue

/** The context that is needed to turn a zod issue into a problem with a place and a fix. */
export type Surroundings = { readonly root: Option; tree: Tree; plain: unknown; absences: Absences }

/** The problems behind one issue of the schema. */
export function problemsOf(issue: Issue, around: Surroundings, prefix: Path = []): Problem[] {
  const path = [...prefix, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))]
  if (issue.code === 'invalid_union') return unionProblems(issue, around, path)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, around, path))
  if (issue.code === 'invalid_key') return [invalidKey(issue, around, path)]
  return [valueProblem(issue, around, path)]
}

/** Of several allowed forms, reports only the problems of the one whose type matches. */
function unionProblems(issue: Issue & { code: 'invalid_union' }, around: Surroundings, path: Path): Problem[] {
  const meant = issue.errors.filter((branch) => !branch.some(isOtherKind))
  const [only] = meant
  if (only === undefined || meant.length > 1) return [valueProblem(issue, around, path)]
  return only.flatMap((inner) => problemsOf(inner, around, path))
}

function isOtherKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
}

function unknownKey(key: string, { root, tree }: Surroundings, path: Path): Problem {
  const known = memberNames(root, optionAt(root, path))
  return {
    source: sourceAt(tree, [...path, key]),
    path: [...path, key],
    found: 'an option that does not exist',
    expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no options here',
    fix: unknownKeyFix(key, known, root, path),
  }
}

function unknownKeyFix(key: string, known: readonly string[], root: Option, path: Path): string {
  const similar = suggest(key, known)
  if (similar !== undefined) return `did you mean ${similar}?`
  const [name = '', ...rest] = key.split(':')
  if (rest.length > 0 && known.includes(name)) return `put a space behind the colon of ${name}`
  const levels = key.split('.')
  if (levels.length > 1 && optionAt(root, [...path, ...levels]) !== undefined) {
    return `write each level by itself: ${levels.join(': { ')}${' }'.repeat(levels.length - 1)}`
  }
  const elsewhere = allPaths(root).find((candidate) => candidate.at(-1) === key && candidate.length > 1)
  if (elsewhere !== undefined && formatPath(elsewhere.slice(0, -1)) !== formatPath(path)) {
    return `did you mean ${elsewhere.join('.')}? Move it there`
  }
  return 'remove it, or check its indentation'
}

function invalidKey(issue: Issue & { code: 'invalid_key' }, { tree }: Surroundings, path: Path): Problem {
  return {
    source: sourceAt(tree, path),
    path,
    found: JSON.stringify(path.at(-1)),
    expected: issue.issues.map(({ message }) => message).join('; '),
    fix: 'rename it',
  }
}

function valueProblem(issue: Issue, around: Surroundings, path: Path): Problem {
  const { root, tree, plain, absences } = around
  const value = valueAt(plain, path)
  const option = optionAt(root, path)
  // A list may be empty because the variable of its only entry is.
  const absence = absences.get(formatPath(path)) ?? absences.get(formatPath([...path, 0]))
  const found = describeFound(value, option)
  // An entry of a list is best explained by an example of the list.
  const optionPath = typeof path.at(-1) === 'number' ? path.slice(0, -1) : path
  const fix = isFineInQuotes(plain, path, value)
    ? `put it in quotes: without them it is a ${typeof value}`
    : fixOf(issue, optionAt(root, optionPath), optionPath, value)
  return {
    source: absence?.source ?? sourceAt(tree, path),
    path,
    ...(found !== undefined && { found }),
    expected: expectedOf(issue),
    fix: absence === undefined ? fix : `set ${absence.variable} in the environment, or ${fix}`,
    ...(value === undefined && option?.description !== undefined && { meaning: option.description }),
  }
}

function expectedOf(issue: Issue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`
  const isGeneric = /^(Invalid|Too) /.test(issue.message)
  if (!isGeneric) return issue.message
  if (issue.code === 'too_small') return 'something that is not empty'
  return issue.code === 'invalid_type' ? (kindNames.get(issue.expected) ?? issue.expected) : 'another value'
}

const kindNames = new Map<string, string>([
  ['string', 'text'],
  ['object', 'a map'],
  ['record', 'a map'],
  ['array', 'a list'],
])

function fixOf(issue: Issue, option: Option | undefined, path: Path, value: unknown): string {
  if (issue.code === 'custom' && typeof issue.params?.['fix'] === 'string') return issue.params['fix']
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const similar = suggest(value, issue.values.map(String))
    if (similar !== undefined) return `did you mean ${similar}?`
  }
  if (option?.type === 'boolean' && typeof value === 'string' && /^(?:yes|on|no|off)$/i.test(value)) {
    return `write ${/^(?:yes|on)$/i.test(value)}`
  }
  if (value === null) return 'write a value, or remove the line to get the default'
  return `${value === undefined ? 'add' : 'write'} for example ${exampleOf(option, path)}`
}

/** Whether a number or boolean would be accepted if it were written in quotes. */
function isFineInQuotes(plain: unknown, path: Path, value: unknown): boolean {
  if (typeof value !== 'number' && typeof value !== 'boolean') return false
  const quoted = structuredClone(plain)
  const holder = valueAt(quoted, path.slice(0, -1))
  const name = path.at(-1)
  if (!hasMembers(holder) || name === undefined || !Object.hasOwn(holder, name)) return false
  holder[name] = String(value)
  return isRefusedAt(path, plain) && !isRefusedAt(path, quoted)
}

function isRefusedAt(path: Path, plain: unknown): boolean {
  const issues = configSchema.safeParse(plain).error?.issues ?? []
  return issues.some((issue) => formatPath(issue.path as Path) === formatPath(path))
}

function exampleOf(option: Option | undefined, path: Path): string {
  const key = path.findLast((part) => typeof part === 'string')
  if (key === undefined) return `${inline(requiredOf(option))}, on as many lines as you like`
  return `${key}: ${inline(exampleValue(option))}`
}

function exampleValue(option: Option | undefined): unknown {
  if (option?.type === 'boolean') return option.default ?? true
  return option?.['x-example'] ?? option?.default ?? option?.enum?.[0] ?? requiredOf(option)
}

/** The required options of a section, with examples. */
function requiredOf(option: Option | undefined): unknown {
  const names = option?.required ?? []
  return Object.fromEntries(names.map((name) => [name, exampleValue(ownMember(option?.properties, name))]))
}

/** Writes a value on one line of YAML. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  // `stringify` adds quotes where needed: `#1b5e8c` without quotes would be a comment.
  if (typeof value === 'string') return stringify(value, { lineWidth: 0 }).trim()
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${inline(inner)}`)
  if (entries.length === 0) return '{}'
  return `{ ${entries.join(', ')} }`
}
