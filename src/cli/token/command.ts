import { parseCompact } from '../../bearer/compact.ts'
import { bearerReasons } from '../../bearer/refusal-reasons.ts'
import { Command } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import { type TokenSurroundings, tokenFrom } from '../token-surroundings.ts'
import { fetchCommand } from './fetch.ts'
import { tokenTable } from './table.ts'
import { verifyCommand } from './verify.ts'

/** `stagedoor token`: fetches, decodes and verifies access tokens. */
export function tokenCommand(terminal: Terminal, surroundings: TokenSurroundings): Command {
  const command = new Command('token').description('decode, verify or fetch an access token')
  for (const make of [decodeCommand, verifyCommand, fetchCommand]) command.addCommand(make(terminal, surroundings))
  return command
}

/** `stagedoor token decode`: what a token says. Nothing is checked, and nothing is sent anywhere. */
export function decodeCommand(terminal: Terminal, { readInput, now }: TokenSurroundings): Command {
  return new Command('decode')
    .description('show what a token says; it is not checked, and sent nowhere')
    .argument('[token]', 'the token; without it, or as -, it is read from standard input')
    .action(async (given: string | undefined) => {
      const token = await tokenFrom(given, readInput)
      if (token === '') {
        terminal.err('No token: give it as an argument, or on standard input.\n')
        return terminal.setExitCode(1)
      }
      const parsed = parseCompact(token)
      if (typeof parsed === 'string') {
        const { cause, remedy } = bearerReasons[parsed]
        terminal.err(`This cannot be decoded (${parsed}). ${cause}\n${remedy}\n`)
        return terminal.setExitCode(1)
      }
      terminal.out(tokenTable(parsed.header, parsed.claims, now()))
      terminal.setExitCode(0)
    })
}
