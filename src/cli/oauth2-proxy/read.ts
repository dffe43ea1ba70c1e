import { parse as parseToml, TomlError } from 'smol-toml'

import type { OptionGroup, OptionRow } from './option-row.ts'
import { optionsOfPeople } from './options-of-people.ts'
import { optionsOfServing } from './options-of-serving.ts'

/**
 * Each option of oauth2-proxy (7.15, its classic configuration) and what it is here. docs/moving-from-oauth2-proxy.md has
 * the same table; a test holds them against each other.
 */
export const optionGroups: readonly OptionGroup[] = [...optionsOfPeople, ...optionsOfServing]

/** Every option, by the name in files. */
export const optionsByKey: ReadonlyMap<string, OptionRow> = new Map(
  optionGroups.flatMap(({ rows }) => rows).map((one) => [one.key, one]),
)

/** The settings of an oauth2-proxy: each option by its name in files, with all its values. */
export type Settings = ReadonlyMap<string, readonly string[]>

export type ReadSettings = { settings: Settings; unknown: string[] }

/** The text is no configuration of oauth2-proxy. */
export class Unreadable extends Error {}

const keysByFlag = new Map(
  [...optionsByKey.values()].flatMap(({ name, key }) => [
    [name, key] as const,
    [key.replaceAll('_', '-'), key] as const,
  ]),
)

/**
 * Reads options as oauth2-proxy takes them: a TOML file (`client_id = "abc"`), flags (`--client-id=abc`) or environment
 * variables (`OAUTH2_PROXY_CLIENT_ID=abc`).
 *
 * @throws Unreadable where the text is none of these
 */
export function readSettings(text: string): ReadSettings {
  const lines = text.split('\n').map((line) => line.trim())
  const written = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const pairs = written.every((line) => /^(?:export )?OAUTH2_PROXY_\w+=/.test(line))
    ? written.map(pairOfVariable)
    : /(?:^|\s)--?[a-z]/.test(written[0] ?? '')
      ? pairsOfFlags(written.join(' '))
      : pairsOfToml(text)
  return collect(pairs)
}

type Pair = [key: string, values: string[]]

function collect(pairs: readonly Pair[]): ReadSettings {
  const settings = new Map<string, string[]>()
  const unknown: string[] = []
  for (const [key, values] of pairs) {
    if (optionsByKey.has(key)) settings.set(key, [...(settings.get(key) ?? []), ...values])
    else unknown.push(key)
  }
  return { settings, unknown }
}

function pairOfVariable(line: string): Pair {
  const [, name = '', value = ''] = /^(?:export )?OAUTH2_PROXY_(\w+)=(.*)$/.exec(line) ?? []
  const key = name.toLowerCase()
  return [key, valuesIn(key, unquoted(value))]
}

/** Only options that may be given more than once have commas between values. */
function valuesIn(key: string, value: string): string[] {
  const row = optionsByKey.get(key)
  const isList = lists.has(key) || row?.key !== row?.name.replaceAll('-', '_')
  return isList ? value.split(',').map((each) => each.trim()) : [value]
}

/** Options with many values whose name is no plural. */
const lists = new Set([
  'extra_jwt_issuers',
  'redis_cluster_connection_urls',
  'redis_sentinel_connection_urls',
  'skip_auth_regex',
])

/** The words of a command line: `--flag=value`, `--flag value`, and `--flag` alone for true. */
function pairsOfFlags(text: string): Pair[] {
  const words = [...text.matchAll(/(?:[^\s"'\\]|\\[^]|"[^"]*"|'[^']*')+/g)]
    .map(([word]) => word)
    .filter((word) => word !== '\\')
  const pairs: Pair[] = []
  for (const [index, word] of words.entries()) {
    const [, flag, inline] = /^["']?--?([a-z][a-z0-9-]*)(?:=([^]*))?$/.exec(word) ?? []
    if (flag === undefined) continue
    const next = words[index + 1]
    const value = inline ?? (next === undefined || /^["']?-/.test(next) ? 'true' : next)
    const key = keysByFlag.get(flag) ?? flag.replaceAll('-', '_')
    pairs.push([key, valuesIn(key, unquoted(value))])
  }
  return pairs
}

function unquoted(text: string): string {
  return text.replaceAll(/["']/g, '')
}

function pairsOfToml(text: string): Pair[] {
  try {
    return Object.entries(parseToml(text)).map(([key, value]): Pair => [
      key,
      [value].flat().map((each) => (typeof each === 'string' ? each : JSON.stringify(each))),
    ])
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new Unreadable(`line ${error.line}, column ${error.column}: ${error.message.split('\n')[0]}`)
  }
}
