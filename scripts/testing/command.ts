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

/** Runs a command of the repository without our input; resolves to its exit code (1 if a signal ended it) and what it printed. */
export const collectCommand = (
  command: string,
  args: readonly string[],
): Promise<{ exitCode: number; output: string }> =>
  new Promise((resolve, reject) => {
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const child = spawn(command, args, { cwd: repositoryRoot, env: projectEnvironment(), stdio: [...stdio] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ exitCode: code ?? 1, output: output.trimEnd() }))
  })
