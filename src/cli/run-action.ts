import { UnreadableTrail } from '../audit/trail-files.ts'
import { ConfigError } from '../config/problem.ts'
import type { CommandContext } from './command-context.ts'
import { reportProblems } from './config-files.ts'

/** A failure that the user can fix. The message is a sentence for the user; its final dot is optional. It never contains a secret. */
export class CommandFailed extends Error {
  /** The command whose help shows more, for example `stagedoor check`. */
  readonly help: string | undefined

  constructor(message: string, { help, ...options }: ErrorOptions & { help?: string } = {}) {
    super(message, options)
    this.help = help
  }
}

/** Runs the action of a command, which returns the exit code. Prints a failure that the user can fix, and exits with `failureCode`. */
export async function runAction(
  { err, folder, setExitCode }: Pick<CommandContext, 'err' | 'folder' | 'setExitCode'>,
  action: () => Promise<number>,
  failureCode = 1,
): Promise<void> {
  try {
    setExitCode(await action())
  } catch (error) {
    const failure = failureIn(error)
    if (error instanceof ConfigError) err(`${reportProblems(error.problems, folder)}\n`)
    else if (failure !== undefined) err(`${sentencesOf(failure)}\n`)
    else throw error
    setExitCode(failureCode)
  }
}

/** Converts an error that the user can fix; undefined for any other error. System errors count: their message names the file or disk. */
export function failureIn(error: unknown): CommandFailed | undefined {
  if (error instanceof CommandFailed) return error
  const isOfTheSystem = error instanceof Error && 'code' in error && /^E[A-Z0-9]+$/.test(String(error.code))
  if (!isOfTheSystem && !(error instanceof UnreadableTrail)) return undefined
  return new CommandFailed(error.message, { cause: error })
}

function sentencesOf({ message, help }: CommandFailed): string {
  const sentence = /[.?!]$/.test(message) ? message : `${message}.`
  return help === undefined ? sentence : `${sentence}\n(${help} --help shows the usage)`
}
