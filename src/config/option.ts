import { z } from 'zod'

import { configSchema } from './schema.ts'
import type { Path } from './tree/tree.ts'

/** An option as JSON Schema. The `x-` keywords are ours. */
export type Option = {
  type?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  properties?: Record<string, Option>
  required?: string[]
  additionalProperties?: Option | boolean
  items?: Option
  anyOf?: Option[]
  $ref?: string
  $defs?: Record<string, Option>
  writeOnly?: boolean
  minimum?: number
  maximum?: number
  'x-unit'?: 'duration' | 'size'
  'x-bounds'?: string
  /** Our own keyword: zod drops `examples` and `default` of transformed values. */
  'x-example'?: unknown
  /** The environment variable that fills the option in config/default.yaml, which is generated from this. */
  'x-env'?: string
  'x-env-default'?: string
}

let root: Option | undefined

/** The root of all options, derived from the schema. It is built lazily: that takes 20 ms, and only problems, warnings and prints need it. */
export function optionTree(): Option {
  // `input` is the form in which options are written, for example durations as strings.
  root ??= JSON.parse(JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }))) as Option
  return root
}

/** The option at `path`; undefined if the schema has none there. */
export function optionAt(root: Option, path: Path): Option | undefined {
  return path.reduce<Option | undefined>((option, key) => option && childOf(root, option, key), root)
}

/** Follows a `$ref` into `$defs`. */
export function dereference(root: Option, option: Option): Option {
  const name = option.$ref?.split('/').at(-1)
  return (name === undefined ? undefined : ownMember(root.$defs, name)) ?? option
}

/** The names that a map may contain, in any of its forms. */
export function memberNames(root: Option, reference: Option | undefined): string[] {
  if (reference === undefined) return []
  const option = dereference(root, reference)
  const branches = option.anyOf?.flatMap((branch) => memberNames(root, branch)) ?? []
  return [...Object.keys(option.properties ?? {}), ...branches]
}

/** Looks up a name that an operator wrote. Only own properties count, not names that every object has. */
export function ownMember<Value>(
  members: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined {
  return members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined
}

function childOf(root: Option, reference: Option, key: string | number): Option | undefined {
  const option = dereference(root, reference)
  const own = typeof key === 'number' ? option.items : ownMember(option.properties, key)
  if (own !== undefined) return own
  if (typeof option.additionalProperties === 'object') return option.additionalProperties
  return option.anyOf?.map((branch) => childOf(root, branch, key)).find((child) => child !== undefined)
}

/** Whether the option, or anything in it, is a secret that must not be shown. */
export function holdsSecret(option: Option): boolean {
  if (option.writeOnly === true) return true
  const inner = [...Object.values(option.properties ?? {}), option.items, option.additionalProperties]
  return inner.some((child) => typeof child === 'object' && holdsSecret(child))
}

/** The path of every option, without those inside lists and recursive requirements. */
export function allPaths(option: Option, path: readonly string[] = []): string[][] {
  return Object.entries(option.properties ?? {}).flatMap(([key, child]) => [
    [...path, key],
    ...allPaths(child, [...path, key]),
  ])
}
