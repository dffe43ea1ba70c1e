import { dereference, optionAt, optionTree, type Option } from './option.ts'
import type { Config } from './schema.ts'
import type { Path } from './tree/tree.ts'
import { formatDuration, formatSize } from './values/quantities.ts'
import { Secret } from './values/secret.ts'

/** Effective configuration as people write it: durations and sizes with units, secrets left out by type. */
export function printable(config: Config): unknown {
  const root = optionTree()
  return print(config, [], root)
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
