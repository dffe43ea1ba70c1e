// This folder: `stagedoor audit`, which reads and verifies trails without a gateway.

import { InvalidArgumentError, Option } from 'commander'

import { adminActionClasses } from '../../audit/admin-actions.ts'
import { momentForm, momentIn, type RecordFilter } from '../../audit/filter.ts'
import { linesOf } from '../../audit/trail-files.ts'
import { Verifier, type Verdict } from '../../audit/verify-trail.ts'
import { counted } from '../../config/values/quantities.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { configOption } from '../config-files.ts'
import { runAction } from '../run-action.ts'
import { printable } from '../terminal-text.ts'
import { findTrail, type TrailFiles, type TrailOptions } from './find-trail.ts'
import { type Format, printTail, searchTrail } from './search.ts'

/** `stagedoor audit`: reads and verifies the records of the trail. Needs no running gateway. */
export function auditCommand(context: CommandContext): Command {
  /** Exit code 2 means that nothing was read, because the configuration or the arguments are invalid. */
  const withTrail = (files: string[], options: TrailOptions, run: (trail: TrailFiles) => Promise<number>) =>
    runAction(context, async () => run(await findTrail(files, options, context)), 2)

  const audit = new Command('audit').description('read the audit trail, and verify that it is complete and unchanged')
  withFiles(audit.command('verify'))
    .description('find records that were changed, removed or reordered; exit code 1 when there are any')
    .option('--keys <file>', 'trusted public keys (JWK Set), as /.stagedoor/audit/jwks.json gives them')
    .option('--checkpoints <file>', 'copy of the checkpoints, from another place')
    .action((files: string[], options: TrailOptions) =>
      withTrail(files, options, (trail) => verifyTrail(trail, context)),
    )
  withFiles(audit.command('tail'))
    .description('print the last records')
    .option('-n, --lines <count>', 'how many', countIn, 20)
    .action((named: string[], options: TrailOptions & { lines: number }) =>
      withTrail(named, options, ({ files }) => printTail(files, options.lines, context)),
    )
  withFilters(withFiles(audit.command('search')))
    .description('print the matching records, one line each; exit code 1 when there are none')
    .option('--json', 'print them unchanged, as JSON lines')
    .action((named: string[], options: TrailOptions & RecordFilter & { json?: true }) =>
      withTrail(named, options, ({ files }) => searchTrail(files, options, options.json ? 'jsonl' : 'text', context)),
    )
  withFilters(withFiles(audit.command('export')))
    .description('write the matching records, for other programs')
    .addOption(new Option('--format <format>', 'how records are written').choices(['jsonl', 'csv']).default('jsonl'))
    .action((named: string[], options: TrailOptions & RecordFilter & { format: Format }) =>
      withTrail(named, options, ({ files }) => searchTrail(files, options, options.format, context)),
    )
  return audit
}

function withFiles(command: Command): Command {
  return command
    .argument('[files...]', 'files of a trail, oldest first; default: the files that the configuration names')
    .addOption(configOption())
}

function withFilters(command: Command): Command {
  return command
    .option('--person <who>', 'exact subject, client or session, or a part of the name')
    .option('--class <class>', `class of an admin action: ${adminActionClasses.join(', ')}, or one of your rules`)
    .option('--event <event>', 'login, login-refused, access-refused, logout, revocation, admin-action, decision, …')
    .option('--outcome <outcome>', 'allow or deny')
    .option('--since <moment>', 'earliest time: 2026-01-31T12:00:00Z, or 24h for a day ago', momentOf('start'))
    .option('--until <moment>', 'latest time; a date includes its day', momentOf('end'))
}

const momentOf =
  (edge: 'start' | 'end') =>
  (text: string): number => {
    const at = momentIn(text, Date.now(), edge)
    if (at !== undefined) return at
    throw new InvalidArgumentError(momentForm)
  }

function countIn(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 on.')
  return Number(text)
}

/** Verifies the whole trail, and reports its faults. Returns the exit code. */
async function verifyTrail({ files, checkpoints, keys }: TrailFiles, context: CommandContext): Promise<number> {
  const verifier = new Verifier({ keys, checkpoints })
  for await (const { line, place, isFirstFile } of linesOf(files)) verifier.line(line, place, isFirstFile)
  return report(verifier.end(), context)
}

function report(
  { records, repeats, writers, checkpoints, faults, notes }: Verdict,
  { out, err }: CommandContext,
): number {
  for (const note of notes) out(`note: ${printable(note)}\n`)
  for (const { place, text } of faults) err(`${printable(`${place}: ${text}`)}\n`)
  const again = repeats === 0 ? '' : `, ${repeats} of them repeated`
  const seen = `${counted(records, 'record')}${again}, ${counted(writers, 'writer')}, ${counted(checkpoints, 'signed checkpoint')}`
  if (faults.length === 0) {
    out(`The trail is whole: ${seen}.\n`)
    return 0
  }
  err(`The trail is not whole: ${counted(faults.length, 'fault')} in ${seen}.\n`)
  return 1
}
