// This folder: the command `stagedoor`.

import { changesBetween, type OptionChange } from '../config/changes.ts'
import { printable as effective } from '../config/effective.ts'
import { loadConfig } from '../config/load.ts'
import { needsRestart } from '../config/needs-restart.ts'
import type { Config } from '../config/schema.ts'
import { counted } from '../config/values/quantities.ts'
import { askAdmin, type ConnectionOptions } from './admin/api.ts'
import type { CommandContext } from './command-context.ts'
import { CommandFailed } from './run-action.ts'
import { printable } from './terminal-text.ts'

export type DiffOptions = ConnectionOptions & { against: string[] }

const secretsNote =
  '\nA running gateway does not show its secrets, so this does not compare them. --against compares secrets, too.\n'

/**
 * Describes the changes between this configuration and the one in other files, or the one in force in a running gateway.
 * @throws CommandFailed
 */
export async function diffText(next: Config, options: DiffOptions, context: CommandContext): Promise<string> {
  if (options.against.length > 0) {
    const { config } = await loadConfig({ files: options.against, env: context.env })
    return textOf(config, next)
  }
  if (!options.url && !context.env['STAGEDOOR_BASE_URL']) {
    throw new CommandFailed(
      'Name what to compare with: other files (--against), or a running gateway (--url or STAGEDOOR_BASE_URL)',
      { help: 'stagedoor check' },
    )
  }
  const { configuration } = await askAdmin('configuration', undefined, options, context)
  // The gateway shows its configuration in printable form, so the other one is converted, too.
  return textOf(configuration as Config, effective(next) as Config) + secretsNote
}

function textOf(former: Config, next: Config): string {
  const changes = changesBetween(former, next)
  if (changes.length === 0) return 'Nothing changes.\n'
  const waiting = new Set(needsRestart(former, next).map(({ option }) => option))
  const count = counted(changes.length, 'option changes', 'options change')
  const some = changes.length === 1 ? 'it takes effect' : `${waiting.size} of them`
  const restart = waiting.size === 0 ? 'no restart is needed' : `${some} at the next restart only`
  const blocks = changes.map((change) => blockOf(change, waiting.has(change.option)))
  return `${[`${count}; ${restart}.`, ...blocks].join('\n\n')}\n`
}

function blockOf({ option, before, after }: OptionChange, isWaiting: boolean): string {
  const rows = [`    before    ${shown(before)}`, `    after     ${shown(after)}`]
  return [`${shown(option)}${isWaiting ? '  (needs a restart)' : ''}`, ...rows].join('\n')
}

function shown(value: unknown): string {
  if (value === undefined) return '(not set)'
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}
