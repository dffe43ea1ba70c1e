import { parseCompact } from '../../bearer/compact.ts'
import { bearerReasons } from '../../bearer/refusal-reasons.ts'
import type { CommandContext } from '../command-context.ts'
import { Command } from '../command.ts'
import { CommandFailed, runAction } from '../run-action.ts'
import { fetchCommand } from './fetch.ts'
import { tokenTable } from './table.ts'
import { tokenFrom, verifyCommand } from './verify.ts'

/** `stagedoor token`: fetches, decodes and verifies access tokens. */
export function tokenCommand(context: CommandContext): Command {
  const command = new Command('token').description('decode, verify or fetch an access token')
  for (const make of [decodeCommand, verifyCommand, fetchCommand]) command.addCommand(make(context))
  return command
}

/** `stagedoor token decode`: shows the content of a token. Verifies nothing, and sends nothing. */
function decodeCommand(context: CommandContext): Command {
  return new Command('decode')
    .description('show header and claims of a token, without checking it or sending it anywhere')
    .argument('[token]', 'the token; if it is missing or -, the command reads standard input')
    .option('--json', 'header and claims as JSON, as they are')
    .action((given: string | undefined, options: { json?: true }) =>
      runAction(context, () => decode(given, options, context)),
    )
}

async function decode(given: string | undefined, { json }: { json?: true }, context: CommandContext): Promise<number> {
  const { readInput, out, now } = context
  const token = await tokenFrom(given, readInput)
  const parsed = parseCompact(token)
  if (typeof parsed === 'string') {
    const { cause, remedy } = bearerReasons[parsed]
    throw new CommandFailed(`The token cannot be decoded (${parsed}). ${cause}\n${remedy}`)
  }
  const { header, claims } = parsed
  out(json ? `${JSON.stringify({ header, claims })}\n` : tokenTable(header, claims, now()))
  return 0
}
