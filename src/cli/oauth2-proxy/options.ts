/**
 * Each option of oauth2-proxy (7.15, its classic configuration) and what it is here. docs/moving-from-oauth2-proxy.md has
 * the same table; a test holds them against each other.
 */
import type { OptionGroup, OptionRow } from './option-row.ts'
import { optionsOfPeople } from './options-of-people.ts'
import { optionsOfServing } from './options-of-serving.ts'

export const optionGroups: readonly OptionGroup[] = [...optionsOfPeople, ...optionsOfServing]

/** Every option, by the name in files. */
export const optionsByKey: ReadonlyMap<string, OptionRow> = new Map(
  optionGroups.flatMap(({ rows }) => rows).map((one) => [one.key, one]),
)
