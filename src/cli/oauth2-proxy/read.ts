import { parse as parseToml, TomlError } from 'smol-toml'

import { CommandFailed } from '../run-action.ts'
import { optionsByKey } from './options.ts'

/** The settings of oauth2-proxy: all values of each option, by the name of the option in files. */
export type Settings = ReadonlyMap<string, readonly string[]>

type ReadSettings = { settings: Settings; unknown: string[] }

const keysByFlag = new Map(
  [...optionsByKey.values()].flatMap(({ name, key }) => [
    [name, key] as const,
    [key.replaceAll('_', '-'), key] as const,
  ]),
)

/**
 * Reads options in the forms that oauth2-proxy accepts: a TOML file (`client_id = "abc"`), flags (`--client-id=abc`) or environment
 * variables (`OAUTH2_PROXY_CLIENT_ID=abc`).
 *
 * @throws CommandFailed when the text has none of these forms
 */
export function readSettings(text: string, file: string): ReadSettings {
  const lines = text.split('\n').map((line) => line.trim())
  const written = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const pairs = written.every((line) => /^(?:export )?OAUTH2_PROXY_\w+=/.test(line))
    ? written.map(pairOfVariable)
    : /(?:^|\s)--?[a-z]/.test(written[0] ?? '')
      ? pairsOfFlags(written.join(' '))
      : pairsOfToml(text, file)
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

/** Splits values at commas, but only for options that can have several values. */
function valuesIn(key: string, value: string): string[] {
  const isList = optionsByKey.get(key)?.isList === true
  return isList ? value.split(',').map((each) => each.trim()) : [value]
}

/** Reads the flags of a command line: `--flag=value`, `--flag value`, and `--flag` alone for true. */
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

function pairsOfToml(text: string, file: string): Pair[] {
  try {
    return Object.entries(parseToml(text)).map(([key, value]): Pair => [
      key,
      [value].flat().map((each) => (typeof each === 'string' ? each : JSON.stringify(each))),
    ])
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = error.message.split('\n')[0]
    throw new CommandFailed(
      `${file}:${error.line}:${error.column} cannot be read: ${reason}. Give a TOML file, flags, or variables OAUTH2_PROXY_…`,
      { cause: error },
    )
  }
}
