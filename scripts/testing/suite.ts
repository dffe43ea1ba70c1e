import { globSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryRoot } from './command.ts'

/**
 * Tests that drive browsers, a real Backstage, other programs, or all of ours together. They run without measuring
 * coverage, which costs them a third of their time: the pure files are covered by the other tests.
 */
export const programFolders: readonly string[] = [
  'advisories',
  'auth0',
  'backstage',
  'bench',
  'deploy',
  'docs',
  'drills',
  'e2e',
  'frontend',
  'identity-providers',
  'packages',
  'process/reload',
  'repository',
].map((folder) => join('test', folder))

/** The test files outside of these folders. */
export const otherFiles = (): string[] =>
  globSync('test/**/*.test.ts', { cwd: repositoryRoot }).filter(
    (file) => !programFolders.some((folder) => file.startsWith(join(folder, '/'))),
  )
