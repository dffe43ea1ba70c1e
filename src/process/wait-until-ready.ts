import { setTimeout as delay } from 'node:timers/promises'

import type { Parts } from '../assembly/plugin-options.ts'

/** Long enough to fetch metadata and keys. A service that does not answer must not keep a configuration from taking effect. */
const maxFetchingMs = 1_000

/** Waits until metadata and keys are fetched, so that a new generation is as ready as the one it replaces. */
export async function waitUntilReady({ health: { conditions } }: Pick<Parts, 'health'>): Promise<void> {
  const endsAt = performance.now() + maxFetchingMs
  while (!conditions().every(({ status }) => status === 'ok') && performance.now() < endsAt) await delay(20)
}
