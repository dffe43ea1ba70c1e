import { InvalidArgumentError } from 'commander'

import { adminActionClasses } from '../../audit/admin-actions.ts'
import { momentIn } from '../../audit/filter.ts'
import { UnreadableTrail, linesOf } from '../../audit/trail-files.ts'
import { Verifier, type Verdict } from '../../audit/verify.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { CommandFailed, runAction } from '../run-action.ts'
import { findTrail, type TrailFiles, type TrailOptions } from './find-trail.ts'
import { type Format, printTail, type SearchOptions, searchTrail } from './search.ts'

/** `stagedoor audit`: the records of the trail, read and proven, without a gateway running. */
export function auditCommand(context: CommandContext): Command {
  const audit = new Command('audit').description('read the audit trail, and prove that it is whole')
  withTrail(audit.command('verify'))
    .description('find records that were changed, dropped, reordered or cut; exit code 1 when there are some')
    .option('--keys <file>', 'trusted public keys (JWK Set), as /.stagedoor/audit/jwks.json gives them')
    .option('--checkpoints <file>', 'checkpoints that were kept elsewhere')
    .action(running<TrailOptions>(context, (trail) => verifyTrail(trail, context)))
  withTrail(audit.command('tail'))
    .description('print the last records')
    .option('-n, --lines <count>', 'how many', countIn, 20)
    .action(
      running<TrailOptions & { lines: number }>(context, ({ files }, { lines }) => printTail(files, lines, context)),
    )
  withFilters(withTrail(audit.command('search')))
    .description('print the records that fit, one line each; exit code 1 when there is none')
    .option('--json', 'print them as they are, JSON lines')
    .action(
      running<TrailOptions & SearchOptions & { json?: true }>(context, ({ files }, { json, ...options }) =>
        searchTrail(files, options, json === true ? 'jsonl' : 'text', context),
      ),
    )
  withFilters(withTrail(audit.command('export')))
    .description('write the records that fit, for other programs')
    .option('--format <format>', 'jsonl or csv', formatIn, 'jsonl')
    .action(
      running<TrailOptions & SearchOptions & { format: Format }>(context, ({ files }, { format, ...options }) =>
        searchTrail(files, options, format, context),
      ),
    )
  return audit
}

function withTrail(command: Command): Command {
  return command
    .argument('[files...]', 'files of a trail, oldest first; without them, those of the configuration')
    .addOption(configOption())
}

function withFilters(command: Command): Command {
  return command
    .option('--person <who>', 'subject, client or session as they are, or a part of the name')
    .option('--class <class>', `class of an admin action: ${adminActionClasses.join(', ')}, or one of your rules`)
    .option('--event <event>', 'login, login-refused, logout, revocation, admin-action, decision, …')
    .option('--outcome <outcome>', 'allow or deny')
    .option('--since <moment>', 'not before: 2026-01-31T12:00:00Z, or 24h ago', momentOf)
    .option('--until <moment>', 'not after', momentOf)
}

function momentOf(text: string): number {
  const at = momentIn(text, Date.now())
  if (at === undefined) throw new InvalidArgumentError('It is a moment (2026-01-31T12:00:00Z, 2026-01-31) or 24h, 7d.')
  return at
}

function countIn(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('a whole number from 1 on')
  return Number(text)
}

function formatIn(text: string): Format {
  if (text === 'jsonl' || text === 'csv') return text
  throw new InvalidArgumentError('jsonl or csv')
}

type Run<Options> = (trail: TrailFiles, options: Options) => Promise<number>

/** Exit code 2 says that nothing was read, because the configuration or the question is not in order. */
function running<Options extends TrailOptions>(context: CommandContext, run: Run<Options>) {
  return async (files: string[], options: Options): Promise<void> => {
    const read = async () => run(await findTrail(files, options, context), options)
    await runAction(context, () => read().catch(failReadably), 2)
  }
}

function failReadably(error: unknown): never {
  throw error instanceof UnreadableTrail ? new CommandFailed(error.message, { cause: error }) : error
}

/** Checks a whole trail, and says what was changed. Returns the exit code. */
async function verifyTrail({ files, checkpoints, keys }: TrailFiles, context: CommandContext): Promise<number> {
  const verifier = new Verifier({ keys, checkpoints })
  let current = files[0]
  for await (const { line, place, file } of linesOf(files)) {
    if (file !== current) verifier.nextFile()
    current = file
    verifier.line(line, place)
  }
  return report(verifier.end(), context)
}

function report(
  { records, repeats, writers, checkpoints, faults, notes }: Verdict,
  { out, err }: CommandContext,
): number {
  for (const note of notes) out(`note: ${note}\n`)
  for (const { place, text } of faults) err(`${place}: ${text}\n`)
  const again = repeats === 0 ? '' : `, ${repeats} of them repeated`
  const seen = `${records} records${again}, ${writers} writers, ${checkpoints} signed checkpoints`
  if (faults.length === 0) {
    out(`The trail is whole: ${seen}.\n`)
    return 0
  }
  err(`The trail is not whole: ${faults.length === 1 ? '1 fault' : `${faults.length} faults`} in ${seen}.\n`)
  return 1
}
