/** The parts of the process that a command uses. */
export type Terminal = {
  env: NodeJS.ProcessEnv
  /** The current folder, to shorten file names. */
  folder: string
  out: (text: string) => void
  err: (text: string) => void
  setExitCode: (code: number) => void
}

/** The real process. */
export function processTerminal(): Terminal {
  return {
    env: process.env,
    folder: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    setExitCode: (code) => {
      process.exitCode = code
    },
  }
}

/** Why a command cannot be carried out, in words for a person. Never names a secret. */
export class CommandFailed extends Error {}
