import { createProgram } from '../../src/cli/program.ts'
import type { Start } from '../../src/cli/start.ts'
import type { TokenSurroundings } from '../../src/cli/token-surroundings.ts'

/** The output of a command, and how it ended. */
export type Run = { out: string; err: string; exitCode: number | undefined }

type RunOptions = Partial<TokenSurroundings> & { env?: NodeJS.ProcessEnv; folder?: string; start?: Start }

/** Runs `stagedoor` as in a terminal, with empty standard input and a `start` that starts nothing. */
export async function runCommand(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { env = {}, folder = '/', start = async () => {}, ...surroundings } = options
  const seen: Run = { out: '', err: '', exitCode: undefined }
  const terminal = {
    env,
    folder,
    out: (text: string) => void (seen.out += text),
    err: (text: string) => void (seen.err += text),
    setExitCode: (code: number) => void (seen.exitCode = code),
  }
  const program = createProgram(terminal, start, { readInput: async () => '', fetch, now: Date.now, ...surroundings })
  await program.parseAsync(words, { from: 'user' })
  return seen
}
