import { setTimeout } from 'node:timers/promises'

import type { LoggerService, SchedulerServiceTaskRunner } from '@backstage/backend-plugin-api'
import { stringifyError } from '@backstage/errors'
import type { EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node'

import { locationOf } from './entities/annotations.ts'
import { createNameRegistry } from './entities/names.ts'
import type { CatalogSink, ImportContext } from './import/context.ts'
import { importTenant } from './import/import.ts'
import type { Subject } from './live/event.ts'
import { createRefresh, type Refresh } from './live/follow.ts'

export type ProviderDependencies = Omit<ImportContext, 'names' | 'sink' | 'logger'> & {
  runner: SchedulerServiceTaskRunner
  logger: LoggerService
}

/** Waits before an import that failed is tried again, in ms; after the last one the schedule decides. */
const retryAfterMs = [5_000, 30_000, 120_000]

/** Id of the import's scheduled task. */
export function taskIdOf(providerId: string): string {
  return `${locationOf(providerId)}:import`
}

/** The catalog's entity provider for one tenant: imports by schedule, and refreshes single users and groups. */
export function createAuth0EntityProvider(dependencies: ProviderDependencies): EntityProvider & { refresh: Refresh } {
  const { settings, runner, logger } = dependencies
  const connected = Promise.withResolvers<{ context: ImportContext; refresh: Refresh }>()
  /** Whom events were about while an import was under way: what it read of them may be older. */
  const touched = new Map<string, Subject>()
  let isImporting = false

  async function importOnce(signal: AbortSignal): Promise<void> {
    const { context, refresh } = await connected.promise
    const startedAtMs = performance.now()
    isImporting = true
    try {
      const report = await importTenant(context, signal)
      logger.info(
        `Imported from Auth0: ${JSON.stringify({ ...report, ms: Math.round(performance.now() - startedAtMs) })}`,
      )
    } finally {
      isImporting = false
    }
    const changed = [...touched.values()]
    touched.clear()
    for (const subject of changed) await refresh(subject)
  }

  return {
    getProviderName: () => locationOf(settings.id),
    async connect(connection) {
      const context = { ...dependencies, names: createNameRegistry(), sink: sinkOf(connection, settings.id) }
      connected.resolve({ context, refresh: createRefresh(context) })
      await runner.run({ id: taskIdOf(settings.id), fn: (signal) => withRetries(importOnce, signal, logger) })
    },
    async refresh(subject) {
      const { refresh } = await connected.promise
      if (isImporting) touched.set(`${subject.kind} ${subject.id}`, subject)
      await refresh(subject)
    },
  }
}

function sinkOf(connection: EntityProviderConnection, providerId: string): CatalogSink {
  const locationKey = locationOf(providerId)
  return {
    async apply({ added = [], removedRefs = [] }) {
      if (added.length === 0 && removedRefs.length === 0) return
      await connection.applyMutation({
        type: 'delta',
        added: added.map((entity) => ({ entity, locationKey })),
        removed: removedRefs.map((entityRef) => ({ entityRef, locationKey })),
      })
    },
  }
}

/** Tries a failed import again soon, because the next scheduled one may be an hour away. */
async function withRetries(
  task: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  logger: LoggerService,
): Promise<void> {
  for (const waitMs of [...retryAfterMs, undefined]) {
    try {
      await task(signal)
      return
    } catch (error) {
      if (waitMs === undefined || signal.aborted) throw error
      logger.warn(
        `The import from Auth0 failed, next try in ${waitMs / 1000} s; nobody was removed: ${stringifyError(error)}`,
      )
      await setTimeout(waitMs, undefined, { signal })
    }
  }
}
