// This folder: reads and checks configuration; the schema holds every option, bound and default.

import { printable } from './effective.ts'
import { settingsFingerprint } from './fingerprints.ts'
import type { Config } from './schema.ts'
import { Secret } from './values/secret.ts'

/** An option that differs; `undefined` where it is not there. Values are as people write them, and secrets left out. */
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

/** A rule is known by its name. Its place counts, too: the first that matches decides. */
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

/** An option whose new value waits for a restart; the values are no secrets. */
type Waiting = { option: string; inForce: unknown; found: unknown }

/**
 * Options that differ and take effect at the next restart only: the started process applies them once.
 * @param former what the process was started with, and where it listens now
 */
export function needsRestart({ server: former }: Config, { server: read }: Config): Waiting[] {
  const applied: Waiting[] = [
    { option: 'server.admin.host', inForce: former.admin.host, found: read.admin.host },
    { option: 'server.admin.port', inForce: former.admin.port, found: read.admin.port },
  ]
  if (isTaken(former.listen, read.listen)) {
    applied.push({ option: 'server.listen.host', inForce: former.listen.host, found: read.listen.host })
  }
  // A process that serves by itself cannot start workers later.
  if (former.workers === 1) applied.push({ option: 'server.workers', inForce: 1, found: read.workers })
  return applied.filter(({ inForce, found }) => inForce !== found)
}

/** The part of a configuration that takes effect while a process listens: without the host, which has to wait for a restart. */
export function withoutTakenHost(inForce: Config, read: Config): Config {
  const { listen } = inForce.server
  return isTaken(listen, read.server.listen) ? { ...read, server: { ...read.server, listen } } : read
}

type Address = Config['server']['listen']

/** The same port on another host: most often one of the two is every address of the machine, and holds the port of the other. */
function isTaken(held: Address, wanted: Address): boolean {
  const areSockets = held.path !== undefined || wanted.path !== undefined
  return !areSockets && held.port === wanted.port && held.host !== wanted.host
}
