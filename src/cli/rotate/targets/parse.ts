import { createAsk } from '../../ask.ts'
import { CommandFailed } from '../../command-failed.ts'
import { fileTarget } from './file.ts'
import { githubTarget } from './github.ts'
import { gitlabTarget } from './gitlab.ts'
import { kubernetesTarget } from './kubernetes.ts'
import { programTarget } from './program.ts'
import { stdoutTarget } from './stdout.ts'
import type { Target } from './target.ts'

export type TargetSurroundings = {
  env: NodeJS.ProcessEnv
  fetch: typeof fetch
  /** Asks over TLS with one more certificate authority. */
  fetchWith: (ca: string | undefined) => Promise<typeof fetch>
  out: (text: string) => void
  isTerminal: boolean
}

export const targetForms =
  'file:PATH, kubernetes:NAMESPACE/NAME, github:OWNER/REPOSITORY/NAME, gitlab:PROJECT/NAME, program:PATH or stdout'

/** @throws CommandFailed when the text names no target, or lacks a required part */
export function parseTarget(text: string, surroundings: TargetSurroundings): Target {
  const { env, fetch, fetchWith, out, isTerminal } = surroundings
  const colon = text.indexOf(':')
  const [kind, place] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  if (text === 'stdout') return stdoutTarget(out, isTerminal)
  if (place === '') throw new CommandFailed(`${text} is no target; write ${targetForms}`)
  if (kind === 'file') return fileTarget(place)
  if (kind === 'kubernetes') return kubernetesTarget(place, { env, fetchWith })
  if (kind === 'github') return githubTarget(place, env, createAsk(fetch))
  if (kind === 'gitlab') return gitlabTarget(place, env, createAsk(fetch))
  if (kind === 'program') return programTarget(place)
  throw new CommandFailed(`${text} is no target; write ${targetForms}`)
}
