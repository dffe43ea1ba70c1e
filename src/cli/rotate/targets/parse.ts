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

/** Reads a target. @throws CommandFailed when the text names no target, or a required part is missing */
export function parseTarget(text: string, { env, fetch, out, isTerminal }: Surroundings): Target {
  if (text === 'stdout') return stdoutTarget(out, isTerminal)
  const [, kind, place = ''] = /^([a-z]+):(.+)$/.exec(text) ?? []
  if (kind === 'file') return fileTarget(place)
  if (kind === 'kubernetes') return kubernetesTarget(place, env)
  if (kind === 'github') return githubTarget(place, env, createSendJson(fetch))
  if (kind === 'gitlab') return gitlabTarget(place, env, createSendJson(fetch))
  if (kind === 'program') return programTarget(place)
  throw new CommandFailed(`${text} is not a target: write ${targetForms}`)
}

/** `program:PATH`: an executable that reads one line of JSON, `{"current":…,"next":…}` (and `previous`), from standard input. */
function programTarget(path: string): Target {
  return {
    async write(secrets) {
      // The program's output goes to our standard error, because standard output is for the report or a pipe.
      const child = spawn(path, [], { stdio: ['pipe', process.stderr, process.stderr] })
      const ended = once(child, 'close') as Promise<[code: number | null]>
      // A program may stop reading early; its exit code tells whether it succeeded.
      child.stdin.on('error', () => undefined)
      child.stdin.end(`${JSON.stringify(secrets)}\n`)
      const [code] = await ended.catch((cause: unknown) => {
        throw new CommandFailed(`${path} cannot be run`, { cause })
      })
      if (code !== 0)
        throw new CommandFailed(`${path} ended with ${code ?? 'a signal'}, so the secret may be missing there`)
    },
  }
}

/** `stdout`: prints one line of JSON for each set of secrets to store. For a pipe only; refused on a terminal. */
function stdoutTarget(out: (text: string) => void, isTerminal: boolean): Target {
  if (isTerminal) throw new CommandFailed('stdout would show the secret on the terminal: pipe the output to a program')
  return { write: async (secrets) => out(`${JSON.stringify(secrets)}\n`) }
}
