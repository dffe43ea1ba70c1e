import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export type CommandOptions = { directory: string; environment?: NodeJS.ProcessEnv }

/**
 * Starts a command without the loaders of a test runner that may run us: they break compilers and slow Backstage. `env`
 * drops them, because the runner adds them to whatever environment we give to `spawn`; the process id stays the command's.
 */
export function startCommand(command: string, parameters: readonly string[], options: CommandOptions): ChildProcess {
  const { directory: cwd, environment: env = process.env } = options
  return spawn('env', ['-u', 'NODE_OPTIONS', command, ...parameters], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/**
 * Runs a command to its end.
 *
 * @throws Error with all that the command printed, where it fails
 */
export async function runCommand(command: string, parameters: readonly string[], directory: string): Promise<void> {
  const child = startCommand(command, parameters, { directory })
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null)
  const printed = Promise.all(streams.map(async (stream) => text(stream)))
  const [exitCode] = await once(child, 'close')
  if (exitCode === 0) return
  throw new Error(`${command} ${parameters.join(' ')} failed (${exitCode}):\n${(await printed).join('\n')}`)
}
