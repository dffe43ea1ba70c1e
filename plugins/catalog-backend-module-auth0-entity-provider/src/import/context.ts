import type { LoggerService } from '@backstage/backend-plugin-api'
import type { Entity } from '@backstage/catalog-model'

import type { NameRegistry } from '../entities/names.ts'
import type { Transformers } from '../entities/transformers.ts'
import type { ManagementClient } from '../management/client.ts'
import type { ProviderSettings } from '../settings.ts'
import type { ExistingEntities } from './existing.ts'

/** Where entities go: the catalog, in parts as they come. */
export type CatalogSink = {
  apply: (change: { added?: readonly Entity[]; removedRefs?: readonly string[] }) => Promise<void>
}

/** What importing and following events have in common. */
export type ImportContext = {
  settings: Pick<
    ProviderSettings,
    'id' | 'nameFrom' | 'groupsFrom' | 'filter' | 'includeBlocked' | 'userFields' | 'maxRemovalPercent'
  >
  client: ManagementClient
  transformers: Transformers
  names: NameRegistry
  /** Everybody keeps the name that the catalog shows, until an import gives names anew. */
  keepsNames?: boolean
  existing: ExistingEntities
  sink: CatalogSink
  logger: Pick<LoggerService, 'info' | 'warn' | 'error'>
}
