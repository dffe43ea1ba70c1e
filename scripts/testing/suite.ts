import { globSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryRoot } from './command.ts'

/**
 * Tests that drive browsers, a real Backstage, other programs, or all of ours together. They run without measuring
 * coverage, which costs them a third of their time: the pure files are covered by the other tests.
 */
export const programTests: readonly string[] = [
  'advisories',
  'audit/shared-keys.test.ts',
  'audit/sinks/syslog-ng.test.ts',
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
  'cli/commands.test.ts',
  'cli/doctor',
  'cli/rotate',
  'cli/setup',
  'endpoints/forward-auth',
  'fuzz',
  'process/corporate-network.test.ts',
  'process/drain.test.ts',
  'process/reload',
  'process/workers/cluster.test.ts',
  'process/workers/crash-loop.test.ts',
  'process/workers/killed-under-load.test.ts',
  'regressions',
  'repository',
  'request-path/replicas.test.ts',
  'session/outage.test.ts',
  'session/refresh/replicas.test.ts',
].map((path) => join('test', path))

/** All other tests: each of one part, or of a few together. */
export const partTests = (): string[] =>
  globSync('test/**/*.test.ts', { cwd: repositoryRoot }).filter(
    (file) => !programTests.some((path) => file === path || file.startsWith(join(path, '/'))),
  )
