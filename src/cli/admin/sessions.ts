import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { CommandFailed } from '../run-action.ts'
import { table } from '../terminal-text.ts'
import { printAnswer, type ApiOptions, askAdmin, withApiOptions } from './api.ts'

type Named = { subject?: string; session?: string; sid?: string }
type Listed = { id: string; subject: string; signed_in_at: string; used_at: string }

/** `stagedoor sessions`: lists sessions and ends them, through the admin API. */
export function sessionsCommand(context: CommandContext): Command {
  return new Command('sessions')
    .description('list sessions and end them, through the admin API')
    .addCommand(
      withApiOptions(new Command('list'))
        .description('list the sessions that the gateway has seen')
        .option('--subject <id>', 'of one user')
        .option('--session <reference>', 'one session')
        .action((options: ApiOptions & Named) => printAnswer(context, () => list(options, context))),
    )
    .addCommand(
      withApiOptions(new Command('revoke'))
        .description('end sessions at every replica; one option names the sessions')
        .option('--subject <id>', 'all of a user')
        .option('--session <reference>', 'one session')
        .option('--sid <id>', 'all of one session at the login service')
        .action((options: ApiOptions & Named) => printAnswer(context, () => revoke(options, context))),
    )
}

async function list(options: ApiOptions & Named, context: CommandContext): Promise<string> {
  const answer = await readAll(options, context)
  if (options.json) return `${JSON.stringify(answer, undefined, 2)}\n`
  const { sessions, since } = answer
  if (sessions.length === 0) return `No session was used since ${since}.\n`
  const rows = sessions.map(({ id, subject, signed_in_at, used_at }) => [id, subject, signed_in_at, used_at])
  return table([['SESSION', 'SUBJECT', 'SIGNED IN', 'LAST USED'], ...rows])
}

/** Reads the list page by page. A session that moves to the front meanwhile appears twice, and counts once. */
async function readAll(options: ApiOptions & Named, context: CommandContext) {
  const found = new Map<string, Listed>()
  for (let offset = 0; ;) {
    const query = new URLSearchParams({ ...namedIn(options), offset: String(offset) }).toString()
    const answer = await askAdmin(`sessions?${query}`, undefined, options, context)
    const { sessions, since, total } = answer as { sessions: Listed[]; since: string; total: number }
    for (const session of sessions) found.set(session.id, session)
    offset += sessions.length
    if (sessions.length === 0 || offset >= total) return { since, sessions: [...found.values()] }
  }
}

async function revoke(options: ApiOptions & Named, context: CommandContext): Promise<string> {
  const named = namedIn(options)
  if (Object.keys(named).length !== 1)
    throw new CommandFailed('Name the sessions with exactly one of --subject, --session and --sid', {
      help: 'stagedoor sessions revoke',
    })
  const answer = await askAdmin('sessions/revoke', named, options, context)
  if (options.json) return `${JSON.stringify(answer, undefined, 2)}\n`
  return `Ended: ${Object.entries(named).flat().join(' ')}\n`
}

function namedIn({ subject, session, sid }: Named): Record<string, string> {
  const all = { subject, session, sid }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
