import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { CommandFailed } from '../../command-failed.ts'
import type { Target } from './target.ts'

/** `program:PATH`: an executable of yours that gets one line of JSON, `{"current":…,"next":…}` (and `previous`), on standard input. */
export function programTarget(path: string): Target {
  return {
    name: `program:${path}`,
    async write(secrets) {
      // Its output goes to our error output: standard output is for the report, or for a pipe.
      const child = spawn(path, [], { stdio: ['pipe', process.stderr, process.stderr] })
      const ended = once(child, 'close') as Promise<[code: number | null]>
      // A program that does not read to the end says by its exit code whether that is well.
      child.stdin.on('error', () => undefined)
      child.stdin.end(`${JSON.stringify(secrets)}\n`)
      const [code] = await ended.catch((cause: unknown) => {
        throw new CommandFailed(`${path} cannot be run`, { cause })
      })
      if (code !== 0) throw new CommandFailed(`${path} ended with ${code ?? 'a signal'}`)
    },
  }
}
