import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/**
 * Runs a command to its end.
 *
 * @throws Error with all that the command printed, where it fails
 */
export async function runCommand(command: string, parameters: readonly string[], directory: string): Promise<void> {
  // A test runner's loaders are not meant for compilers and bundlers.
  const env = { ...process.env, NODE_OPTIONS: '' }
  const child = spawn(command, parameters, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = Promise.all([text(child.stdout), text(child.stderr)])
  const [exitCode] = await once(child, 'close')
  if (exitCode === 0) return
  throw new Error(`${command} ${parameters.join(' ')} failed (${exitCode}):\n${(await printed).join('\n')}`)
}
