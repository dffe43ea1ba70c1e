import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { table } from '../terminal-text.ts'
import { printAnswer, type ApiOptions, askAdmin, withApiOptions } from './api.ts'

type Listed = { purpose: string; current: string; published: string[] }

/** `stagedoor keys`: Stagedoor's own signing keys, through the admin API. */
export function keysCommand(context: CommandContext): Command {
  const ask = (path: string, body: object | undefined, options: ApiOptions) =>
    printAnswer(context, async () => shown(await askAdmin(path, body, options, context), options))
  return new Command('keys')
    .description('list and rotate Stagedoor’s signing keys, through the admin API')
    .addCommand(
      withApiOptions(new Command('list'))
        .description('show the key in use, and the published keys')
        .action((options: ApiOptions) => ask('keys', undefined, options)),
    )
    .addCommand(
      withApiOptions(new Command('rotate'))
        .description('switch to the next key, which upstreams know already')
        .argument('<purpose>', 'assertion (people) or machine')
        .option('--drop-previous', 'for a leaked key: drop the previous key even while tokens that it signed are valid')
        .action((purpose: string, options: ApiOptions & { dropPrevious?: true }) =>
          ask('keys/rotate', { purpose, dropPrevious: options.dropPrevious }, options),
        ),
    )
}

function shown(answer: Record<string, unknown>, { json }: ApiOptions): string {
  if (json) return `${JSON.stringify(answer, undefined, 2)}\n`
  const { keys } = answer as { keys: Listed[] }
  const rows = keys.flatMap(({ purpose, current, published }) =>
    published.map((kid) => [purpose, kid, kid === current ? 'signs' : 'published']),
  )
  return table([['PURPOSE', 'KEY', 'STATE'], ...rows])
}
