import { dereference, optionAt, optionTree, type Option } from './option.ts'
import type { Config } from './schema.ts'
import { formatPath, hasMembers, type Path, type ScalarTree, type Tree } from './tree/tree.ts'
import { formatDuration, formatSize } from './values/quantities.ts'
import { Secret } from './values/secret.ts'

/** The origin of each written value, in words, by formatted path. It contains no values. */
export type Origins = ReadonlyMap<string, string>

/** One option in force. `from`: file and line with the variable or secret file that it took, or `default`. */
export type ShownOption = { option: string; value: string; from: string }

/** Options that have another name in the schema's output than in files. */
const writtenAs: readonly [kept: RegExp, written: string][] = [
  [/^auth0\.issuer$/, 'auth0.domain'],
  [/^(upstreams\.[^.]+)\.urls$/, '$1.url'],
]

export function originsIn(tree: Tree): Origins {
  const origins = new Map<string, string>()
  collect(tree, [], origins)
  return origins
}

function collect(tree: Tree, path: Path, origins: Map<string, string>): void {
  if (tree.kind === 'scalar') {
    origins.set(formatPath(path), originOf(tree))
    return
  }
  if (tree.kind === 'list') {
    for (const [i, item] of tree.items.entries()) collect(item, [...path, i], origins)
    return
  }
  for (const [key, { value }] of tree.entries) collect(value, [...path, key], origins)
}

function originOf({ source, takenFrom }: ScalarTree): string {
  const place = `${source.file}:${source.line}`
  if (takenFrom === undefined) return place
  return 'file' in takenFrom
    ? `${place}, file ${takenFrom.file}`
    : `${place}, variable ${takenFrom.variables.join(', ')}`
}

/** Every option in force as people write it, without secrets. A list of plain values counts as one option. */
export function shownOptions(config: Config, origins: Origins): ShownOption[] {
  return leavesOf(printable(config), []).map(({ path, value }) => {
    const option = formatPath(path)
    return { option, value: textOf(value), from: originAt(option, origins) }
  })
}

function leavesOf(value: unknown, path: Path): { path: Path; value: unknown }[] {
  if (!hasMembers(value) || isPlainList(value)) return value === undefined ? [] : [{ path, value }]
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  if (entries.length === 0) return [{ path, value }]
  return entries.flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
}

function isPlainList(value: object): boolean {
  return Array.isArray(value) && !value.some(hasMembers)
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(', ') || 'none'
  return hasMembers(value) ? '{}' : String(value)
}

function originAt(option: string, origins: Origins): string {
  const others = writtenAs.flatMap(([kept, written]) => (kept.test(option) ? [option.replace(kept, written)] : []))
  for (const name of [option, ...others]) {
    const found = origins.get(name) ?? origins.get(`${name}[0]`)
    if (found !== undefined) return found
  }
  return 'default'
}

/** The effective configuration as people write it: durations and sizes with units. Secrets are hidden by their type. */
export function printable(config: Config): unknown {
  return print(config, [], optionTree())
}

function print(value: unknown, path: Path, root: Option): unknown {
  if (value instanceof Secret) return value.toString()
  if (Array.isArray(value)) return value.map((item, index) => print(item, [...path, index], root))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, print(inner, [...path, key], root)]))
  }
  const option = optionAt(root, path)
  const unit = option && dereference(root, option)['x-unit']
  if (typeof value === 'number' && unit === 'duration') return formatDuration(value)
  if (typeof value === 'number' && unit === 'size') return formatSize(value)
  return value
}
