// This folder: reads and checks configuration; the schema holds every option, bound and default.

import { printable } from './effective.ts'
import { settingsFingerprint } from './fingerprints.ts'
import type { Config } from './schema.ts'
import { Secret } from './values/secret.ts'

/** An option that differs; a value is `undefined` where the option is missing. Values are as people write them, without secrets. */
export type OptionChange = { option: string; before: unknown; after: unknown; isSecret: boolean }

/** Compares two configurations option by option; entries of lists are matched by their names. */
export function changesBetween(before: Config, after: Config): OptionChange[] {
  const [former, next] = [leavesOf(before), leavesOf(after)]
  return [...new Set([...former.keys(), ...next.keys()])].flatMap((option) => {
    const [one, other] = [former.get(option), next.get(option)]
    if (one?.fingerprint === other?.fingerprint) return []
    const isSecret = one?.isSecret === true || other?.isSecret === true
    const isReplaced = isSecret && one !== undefined && other !== undefined
    return [{ option, before: one?.shown, after: isReplaced ? '[another secret]' : other?.shown, isSecret }]
  })
}

type Leaf = { shown: unknown; fingerprint: string; isSecret: boolean }

function leavesOf(config: Config): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>()
  collect(config, printable(config), '', leaves)
  return leaves
}

function collect(value: unknown, shown: unknown, option: string, leaves: Map<string, Leaf>): void {
  if (value === undefined) return
  const isSecret = value instanceof Secret
  if (isSecret || typeof value !== 'object' || value === null) {
    leaves.set(option, { shown, fingerprint: settingsFingerprint(value), isSecret })
  } else if (Array.isArray(value)) collectList(value, shown as unknown[], option, leaves)
  else collectMembers(value, shown as object, option, leaves)
}

function collectMembers(value: object, shown: object, option: string, leaves: Map<string, Leaf>): void {
  const printed = new Map(Object.entries(shown))
  for (const [name, inner] of Object.entries(value)) {
    collect(inner, printed.get(name), option === '' ? name : `${option}.${name}`, leaves)
  }
}

/** Items such as rules are matched by name. Their order is compared, too, because the first rule that matches decides. */
function collectList(items: readonly unknown[], shown: readonly unknown[], option: string, leaves: Map<string, Leaf>) {
  const names = items.map(nameOf)
  if (items.some((item) => item instanceof Secret)) {
    items.forEach((item, i) => collect(item, shown[i], `${option}[${i}]`, leaves))
  } else if (names.length === 0 || !names.every((name) => name !== undefined)) {
    leaves.set(option, { shown, fingerprint: settingsFingerprint(items), isSecret: false })
  } else {
    items.forEach((item, i) => {
      leaves.set(`${option}.${names[i]}`, { shown: shown[i], fingerprint: settingsFingerprint(item), isSecret: false })
    })
    leaves.set(`order of ${option}`, { shown: names, fingerprint: settingsFingerprint(names), isSecret: false })
  }
}

function nameOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name
  return typeof name === 'string' ? name : undefined
}
