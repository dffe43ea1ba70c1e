import { CommandFailed } from '../../command-failed.ts'
import type { Target } from './target.ts'

/** `stdout`: one line of JSON for each set of secrets that is to be stored, for a pipe; never for a terminal. */
export function stdoutTarget(out: (text: string) => void, isTerminal: boolean): Target {
  if (isTerminal) throw new CommandFailed('stdout would show the secret on the terminal; send it into a pipe')
  return { name: 'stdout', write: async (secrets) => out(`${JSON.stringify(secrets)}\n`) }
}
