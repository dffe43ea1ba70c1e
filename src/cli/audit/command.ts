import { InvalidArgumentError } from 'commander'

import { adminActionClasses } from '../../audit/admin-actions.ts'
import { momentIn } from '../../audit/filter.ts'
import { UnreadableTrail, linesOf } from '../../audit/trail-files.ts'
import { Verifier, type Verdict } from '../../audit/verify.ts'
import { ConfigError } from '../../config/problem.ts'
import { parseDuration } from '../../config/values/quantities.ts'
import { Command } from '../command.ts'
import { configOption, reportProblems } from '../config-files.ts'
import type { Terminal } from '../terminal.ts'
import { type Format, printTail, type SearchOptions, searchTrail } from './search.ts'
import { AuditInputError, findTrail, type TrailFiles, type TrailOptions } from './trail-files.ts'

/** `stagedoor audit`: the records of the trail, read and proven, without a gateway running. */
export function auditCommand(terminal: Terminal): Command {
  const audit = new Command('audit').description('read the audit trail, and prove that it is whole')
  withTrail(audit.command('verify'))
    .description('find records that were changed, dropped, reordered or cut; exit code 1 when there are some')
    .option('--keys <file>', 'trusted public keys (JWK Set), as /.stagedoor/audit/jwks.json gives them')
    .option('--checkpoints <file>', 'checkpoints that were kept elsewhere')
    .action(running<TrailOptions>(terminal, (trail) => verifyTrail(trail, terminal)))
  withTrail(audit.command('tail'))
    .description('print the last records')
    .option('-n, --lines <count>', 'how many', countIn, 20)
    .action(
      running<TrailOptions & { lines: number }>(terminal, ({ files }, { lines }) => printTail(files, lines, terminal)),
    )
  withFilters(withTrail(audit.command('search')))
    .description('print the records that fit, one line each; exit code 1 when there is none')
    .option('--json', 'print them as they are, JSON lines')
    .action(
      running<TrailOptions & SearchOptions & { json?: true }>(terminal, ({ files }, { json, ...options }) =>
        searchTrail(files, options, json === true ? 'jsonl' : 'text', terminal),
      ),
    )
  withFilters(withTrail(audit.command('export')))
    .description('write the records that fit, for other programs')
    .option('--format <format>', 'jsonl or csv', formatIn, 'jsonl')
    .action(
      running<TrailOptions & SearchOptions & { format: Format }>(terminal, ({ files }, { format, ...options }) =>
        searchTrail(files, options, format, terminal),
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
  const at = momentIn(text, Date.now(), parseDuration)
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
function running<Options extends TrailOptions>(terminal: Terminal, run: Run<Options>) {
  return async (files: string[], options: Options): Promise<void> => {
    const { folder, err, setExitCode } = terminal
    try {
      setExitCode(await run(await findTrail(files, options, terminal), options))
    } catch (error) {
      if (error instanceof ConfigError) err(`${reportProblems(error.problems, folder)}\n`)
      else if (error instanceof AuditInputError || error instanceof UnreadableTrail) err(`${error.message}\n`)
      else throw error
      setExitCode(2)
    }
  }
}

/** Checks a whole trail, and says what was changed. Returns the exit code. */
export async function verifyTrail({ files, checkpoints, keys }: TrailFiles, terminal: Terminal): Promise<number> {
  const verifier = new Verifier({ keys, checkpoints })
  let current = files[0]
  for await (const { line, place, file } of linesOf(files)) {
    if (file !== current) verifier.nextFile()
    current = file
    verifier.line(line, place)
  }
  return report(verifier.end(), terminal)
}

function report({ records, repeats, writers, checkpoints, faults, notes }: Verdict, { out, err }: Terminal): number {
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
