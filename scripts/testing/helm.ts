import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'

import { runCommand } from './command.ts'
import { isExecutable, isInstalled, searchPath } from './programs.ts'

const helmModule = 'helm.sh/helm/v3/cmd/helm@v3.22.0'

// Outside of the repository, so that a fresh clone on the same machine need not compile it again.
const cacheFolder = join(homedir(), '.cache', 'stagedoor', 'bin')

/** Where `helm` is on this machine, or undefined. */
export const helmPath = (): string | undefined =>
  [...searchPath(), cacheFolder].map((folder) => join(folder, 'helm')).find((path) => isExecutable(path))

/** Compiles Helm with Go where it is missing (once, about two minutes). Without Go the tests that run it skip. */
export const ensureHelm = async (): Promise<void> => {
  if (helmPath() !== undefined || !isInstalled('go')) return
  console.log('Compiling helm (once, about two minutes) …')
  mkdirSync(cacheFolder, { recursive: true })
  env['GOBIN'] = cacheFolder
  await runCommand('go', ['install', helmModule])
}
