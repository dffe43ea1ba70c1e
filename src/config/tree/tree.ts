/** Where a value was written. Line and column start at 1. */
export type Source = { file: string; line: number; column: number }

/** A YAML value, with the place where it was written. */
export type Tree = ScalarTree | ListTree | MapTree
export type ScalarTree = { kind: 'scalar'; source: Source; value: unknown; takenFrom?: TakenFrom }
/** The source of a value that is not in the YAML file itself. */
type TakenFrom = { variables: readonly string[] } | { file: string }
type ListTree = { kind: 'list'; source: Source; items: Tree[] }
export type MapTree = { kind: 'map'; source: Source; entries: Map<string, Entry> }
export type Entry = { keySource: Source; value: Tree }

/** The path from the root to a value: keys of maps and positions in lists. */
export type Path = readonly (string | number)[]

/** The value as plain data; a scalar that could not be resolved is `undefined`. */
export function toPlain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(toPlain)
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, toPlain(value)]))
}

/** Where the value at `path` was written: the place of its key, if it has one. For a missing value, the nearest enclosing place. */
export function sourceAt(tree: Tree, path: Path, here: Source = tree.source): Source {
  const [key, ...rest] = path
  if (key === undefined || tree.kind === 'scalar') return here
  if (tree.kind === 'list') {
    const item = tree.items[Number(key)]
    return item === undefined ? here : sourceAt(item, rest)
  }
  const entry = tree.entries.get(String(key))
  return entry === undefined ? here : sourceAt(entry.value, rest, entry.keySource)
}

/** The plain value at `path`, or undefined. */
export function valueAt(plain: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (hasMembers(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    plain,
  )
}

/** Whether a plain value is a map or a list. */
export function hasMembers(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}

/** Formats a path as people write it: `routes[2].allow`. */
export function formatPath(path: Path): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')
}

/** Merges a later file into an earlier one: maps merge key by key, other values are replaced. */
export function merge(base: Tree, over: Tree): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over
  if (base.entries.has('$file') || over.entries.has('$file')) return over
  return mergeMaps(base, over)
}

function mergeMaps(base: MapTree, over: MapTree): MapTree {
  const entries = new Map(base.entries)
  for (const [key, entry] of over.entries) {
    const below = base.entries.get(key)
    entries.set(key, below === undefined ? entry : { ...entry, value: merge(below.value, entry.value) })
  }
  return { kind: 'map', source: over.source, entries }
}
