import type { SchedulerServiceTaskScheduleDefinition } from '@backstage/backend-plugin-api'

import type { NameSource } from './entities/user-entity.ts'
import type { GroupKind } from './management/groups.ts'
import type { Credentials } from './management/token.ts'

/** Which users are wanted; all of what is set must hold. */
export type UserFilter = {
  connection: string | undefined
  /** Auth0's user search syntax (Lucene). */
  query: string | undefined
  /** Names; a user needs one of them. Empty: everybody. */
  roles: readonly string[]
  organizations: readonly string[]
}

export type WebhookSettings = { bearerTokens: readonly string[] }

/** One entry of `catalog.providers.auth0`. */
export type ProviderSettings = Credentials & {
  id: string
  nameFrom: NameSource
  groupsFrom: readonly GroupKind[]
  filter: UserFilter
  /** Whether people whom Auth0 has blocked stay in the catalog. */
  includeBlocked: boolean
  userFields: readonly string[]
  /** An import removes at most this share of what is in the catalog, in percent. */
  maxRemovalPercent: number
  schedule: SchedulerServiceTaskScheduleDefinition
  /** Backstage's events topic on which Auth0's events arrive. */
  topic: string | undefined
  webhook: WebhookSettings | undefined
  pull: boolean
}
