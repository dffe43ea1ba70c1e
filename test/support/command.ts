import type { CommandContext } from '../../src/cli/command-context.ts'
import { createProgram } from '../../src/cli/program.ts'
import type { Start } from '../../src/cli/start.ts'

/** The output of a command, and how it ended. */
export type Run = { out: string; err: string; exitCode: number | undefined }

type RunOptions = Partial<CommandContext> & { start?: Start }

/** Runs `stagedoor` with empty standard input and a `start` that starts nothing. */
export async function runCommand(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { start = async () => {}, ...given } = options
  const seen: Run = { out: '', err: '', exitCode: undefined }
  const context = commandContext({
    out: (text) => void (seen.out += text),
    err: (text) => void (seen.err += text),
    setExitCode: (code) => void (seen.exitCode = code),
    ...given,
  })
  await createProgram(context, start).parseAsync(words, { from: 'user' })
  return seen
}

/** A context without environment and input, whose output is lost unless it is given elsewhere. */
export function commandContext(given: Partial<CommandContext> = {}): CommandContext {
  const lost = () => {}
  const input = { env: {}, folder: '/', readInput: async () => '' }
  return { ...input, out: lost, err: lost, setExitCode: lost, fetch, now: Date.now, ...given }
}
