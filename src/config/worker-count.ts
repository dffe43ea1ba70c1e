import { availableParallelism } from 'node:os'

import type { Config } from './schema.ts'

/** How many worker processes a configuration asks for. `auto` is one for each core that this process may use. */
export function workerCount({ server: { workers } }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers
}
