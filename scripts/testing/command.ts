import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

/** The root of the repository. */
export const repositoryRoot = join(import.meta.dirname, '..', '..')

const binFolder = join(repositoryRoot, 'node_modules', '.bin')

/** The environment in which `node`, `tsc`, `tap` … are the repository's own, whatever the machine has. */
export const projectEnvironment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  ...more,
  PATH: [binFolder, process.env['PATH'] ?? ''].join(delimiter),
})

/** Runs a command of the repository with our input and output; resolves to its exit code (1 if a signal ended it). */
export const runCommand = (
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: repositoryRoot, env: projectEnvironment(environment), stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
