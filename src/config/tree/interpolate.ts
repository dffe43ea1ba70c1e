// This folder: turns YAML, variables and secret files into one tree in which each value knows where it stands.

import type { Problem } from '../problem.ts'
import { isOfKubernetes, leftAside } from './kubernetes-variables.ts'
import { formatPath, type Entry, type Path, type ScalarTree, type Source, type Tree } from './tree.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Values that an empty variable left empty, by formatted path. They count as not written. */
export type Absences = Map<string, { variable: string; source: Source }>

/** `warnings` are about variables that were ignored. */
type Interpolated = { tree: Tree; problems: Problem[]; absences: Absences; warnings: Problem[] }

type Pass = Omit<Interpolated, 'tree'> & { environment: Environment }

const reference = /\$\$\{|\$\{([^}]*)\}?/g
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-((?!.*\$\{).*))?$/s

/** Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for `${` itself. A value that becomes empty counts as not written. */
export function interpolate(tree: Tree, environment: Environment): Interpolated {
  const pass: Pass = { environment, problems: [], absences: new Map(), warnings: [] }
  const filled = fill(tree, [], pass)
  return { tree: filled ?? tree, problems: pass.problems, absences: pass.absences, warnings: pass.warnings }
}

function fill(tree: Tree, path: Path, pass: Pass): Tree | undefined {
  if (tree.kind === 'scalar') return fillScalar(tree, path, pass)
  if (tree.kind === 'list') return { ...tree, items: fillItems(tree.items, path, pass) }
  const entries = new Map<string, Entry>()
  for (const [key, entry] of tree.entries) {
    const value = fill(entry.value, [...path, key], pass)
    if (value !== undefined) entries.set(key, { ...entry, value })
  }
  // A map such as `redis: { url: … }` that becomes empty counts as not written.
  const isEmptied = entries.size === 0 && tree.entries.size > 0 && path.length > 0
  return isEmptied ? undefined : { ...tree, entries }
}

function fillItems(items: readonly Tree[], path: Path, pass: Pass): Tree[] {
  const filled: Tree[] = []
  for (const item of items) {
    // Use positions in the result, because the schema sees the result.
    const value = fill(item, [...path, filled.length], pass)
    if (value !== undefined) filled.push(value)
  }
  return filled
}

function fillScalar(tree: ScalarTree, path: Path, pass: Pass): Tree | undefined {
  if (typeof tree.value !== 'string' || !tree.value.includes('${')) return tree
  const before = pass.problems.length
  const names: string[] = []
  const variables: string[] = []
  const value = tree.value.replaceAll(reference, (whole, inner: string) => {
    if (whole === '$${') return '${'
    const [, name, fallback] = (whole.endsWith('}') && variable.exec(inner)) || []
    if (name === undefined) return problem(pass, tree, path, malformed(whole))
    names.push(name)
    const given = variableIn(pass.environment, name)
    if (isOfKubernetes(name, given)) pass.warnings.push({ source: tree.source, path, ...leftAside(name) })
    else if (given !== undefined && given !== '') {
      variables.push(name)
      return given
    }
    return fallback ?? problem(pass, tree, path, missing(name, pass.environment))
  })
  if (pass.problems.length > before) return { ...tree, value: undefined }
  const [name] = names
  if (value !== '' || name === undefined)
    return { ...tree, value, ...(variables.length > 0 && { takenFrom: { variables } }) }
  pass.absences.set(formatPath(path), { variable: name, source: tree.source })
  return undefined
}

function problem(pass: Pass, { source }: ScalarTree, path: Path, what: Omit<Problem, 'source' | 'path'>): string {
  pass.problems.push({ source, path, ...what })
  return ''
}

const literal = 'write $${ for a literal ${'

function malformed(whole: string) {
  return { found: whole, expected: '${NAME} or ${NAME:-default}', fix: `${malformedFix(whole)}; ${literal}` }
}

function malformedFix(whole: string): string {
  if (!whole.endsWith('}')) return 'close it with }'
  if (whole.lastIndexOf('${') > 0) return 'remove the variable from the default: a default is plain text'
  return 'write a name of letters, digits and underscores that does not begin with a digit'
}

/** Reads only own properties: `process.env` inherits names that every object has, such as `constructor`. */
function variableIn(environment: Environment, name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined
}

function missing(name: string, environment: Environment) {
  const found =
    variableIn(environment, name) === undefined ? `\${${name}}, which is not set` : `\${${name}}, which is empty`
  return {
    found,
    expected: `the environment variable ${name}`,
    fix: `set ${name} in the environment`,
  }
}
