import { join } from 'node:path'

import { repositoryRoot } from './command.ts'

/** Where Node keeps what it has compiled, also TypeScript without its types: a process of a test starts in half the time. */
export const compileCache = join(repositoryRoot, 'node_modules', '.cache', 'stagedoor', 'compiled')
