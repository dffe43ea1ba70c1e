import { Command } from './command.ts'
import type { Terminal } from './terminal.ts'
import { decodeCommand } from './token-decode.ts'
import { fetchCommand } from './token-fetch.ts'
import type { TokenSurroundings } from './token-surroundings.ts'
import { verifyCommand } from './token-verify.ts'

/** `stagedoor token`: fetches, decodes and verifies access tokens. */
export function tokenCommand(terminal: Terminal, surroundings: TokenSurroundings): Command {
  const command = new Command('token').description('decode, verify or fetch an access token')
  for (const make of [decodeCommand, verifyCommand, fetchCommand]) command.addCommand(make(terminal, surroundings))
  return command
}
