import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { loadConfig, type LoadedConfig } from '../../src/config/load.ts'
import { ConfigError, type Problem } from '../../src/config/problem.ts'
import { formatPath } from '../../src/config/tree/tree.ts'

/** The minimal configuration that starts, for tests that add to it. */
export const least = `
server: { baseUrl: 'https://portal.example.com' }
auth0: { issuer: 'https://tenant.eu.auth0.com/', clientId: abc, clientSecrets: [shh] }
session: { secrets: [0123456789abcdef0123456789abcdef] }
upstreams: { backstage: { url: 'http://127.0.0.1:7007' } }
routes: [{ name: everything, path: /**, allow: authenticated }]
`

/** A folder with these files, removed when the test ends. */
export async function folderWith(t: Test, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-config-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

/** Loads these files, in order, from a new folder. */
export async function load(t: Test, files: Record<string, string>, env: NodeJS.ProcessEnv = {}): Promise<LoadedConfig> {
  const folder = await folderWith(t, files)
  return await loadConfig({ files: Object.keys(files).map((name) => join(folder, name)), env })
}

/** The problems of a configuration that must not load. */
export async function problemsIn(
  t: Test,
  files: Record<string, string>,
  env: NodeJS.ProcessEnv = {},
): Promise<Problem[]> {
  return await problemsOf(load(t, files, env))
}

/** The problems of files at existing or missing paths. */
export async function problemsFrom(files: string[]): Promise<Problem[]> {
  return await problemsOf(loadConfig({ files, env: {} }))
}

async function problemsOf(loading: Promise<LoadedConfig>): Promise<Problem[]> {
  const error = await loading.then(
    () => new Error('this configuration was accepted'),
    (error: unknown) => error,
  )
  if (error instanceof ConfigError) return [...error.problems]
  throw error
}

/** A problem as one line: `a.yaml:3 session.idleTimeout`. */
export function place({ source, path }: Problem): string {
  return `${source.file.split('/').at(-1)}:${source.line} ${formatPath(path)}`.trimEnd()
}

/** One mistake: the text laid over a valid configuration, and the expected problem. */
export type Refusal = [mistake: string, overlay: string, path: string, expected: RegExp, fix: RegExp]

/** One test for each mistake: a single problem at its line, with a fix and without a secret. */
export function refusalTable(rows: readonly Refusal[]): void {
  for (const [mistake, overlay, path, expected, fix] of rows) {
    t.test(`${mistake} is refused with its line and a fix`, async (t) => {
      const problems = await problemsIn(t, { 'base.yaml': least, 'mine.yaml': `# mine\n${overlay}\n` })
      const [problem] = problems
      t.equal(problems.length, 1)
      t.equal(problem && place(problem), `mine.yaml:2 ${path}`)
      t.match(problem, { expected, fix })
      t.notMatch(JSON.stringify(problem), /hunter2|u:p@/)
    })
  }
}
