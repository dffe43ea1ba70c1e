import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { createSendJson } from '../../json-client.ts'
import { CommandFailed } from '../../run-action.ts'
import { githubTarget, gitlabTarget } from './ci-variables.ts'
import { fileTarget } from './file.ts'
import { kubernetesTarget } from './kubernetes.ts'
import type { Target } from './target.ts'

type Surroundings = {
  env: NodeJS.ProcessEnv
  fetch: typeof fetch
  out: (text: string) => void
  isTerminal: boolean
}

export const targetForms =
  'file:PATH, kubernetes:NAMESPACE/NAME, github:OWNER/REPOSITORY/NAME, gitlab:PROJECT/NAME, program:PATH or stdout'

/** @throws CommandFailed when the text names no target, or lacks a required part */
export function parseTarget(text: string, { env, fetch, out, isTerminal }: Surroundings): Target {
  if (text === 'stdout') return stdoutTarget(out, isTerminal)
  const [, kind, place = ''] = /^([a-z]+):(.+)$/.exec(text) ?? []
  if (kind === 'file') return fileTarget(place)
  if (kind === 'kubernetes') return kubernetesTarget(place, env)
  if (kind === 'github') return githubTarget(place, env, createSendJson(fetch))
  if (kind === 'gitlab') return gitlabTarget(place, env, createSendJson(fetch))
  if (kind === 'program') return programTarget(place)
  throw new CommandFailed(`${text} is no target; write ${targetForms}`)
}

/** `program:PATH`: an executable of yours that gets one line of JSON, `{"current":…,"next":…}` (and `previous`), on standard input. */
function programTarget(path: string): Target {
  return {
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
      if (code !== 0)
        throw new CommandFailed(`${path} ended with ${code ?? 'a signal'}, so the secret may not be there`)
    },
  }
}

/** `stdout`: one line of JSON for each set of secrets that is to be stored, for a pipe; never for a terminal. */
function stdoutTarget(out: (text: string) => void, isTerminal: boolean): Target {
  if (isTerminal) throw new CommandFailed('stdout would show the secret on the terminal; send it into a pipe')
  return { write: async (secrets) => out(`${JSON.stringify(secrets)}\n`) }
}
