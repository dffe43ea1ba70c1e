import type { SchedulerServiceTaskScheduleDefinitionConfig } from '@backstage/backend-plugin-api'

export interface Config {
  catalog?: {
    providers?: {
      /** Auth0 tenants whose people and groups are brought into the catalog, by a name of your choice. */
      auth0?: {
        [id: string]: {
          /** The tenant, such as `https://tenant.eu.auth0.com/`. */
          issuer: string
          /** The Management API's identifier. Default: `<issuer>api/v2/`; with a custom domain it is the tenant's own. */
          audience?: string
          /** A machine-to-machine application with `read:users`, `read:roles`, `read:role_members` and so on. */
          clientId: string
          /** @visibility secret */
          clientSecret: string
          /**
           * What names a User. Default: `user_id`, the only one that is unique. Of two users with the same name the one
           * that was there first keeps it; the other is left out and logged.
           */
          nameFrom?: 'user_id' | 'email' | 'username' | 'nickname'
          /** What becomes a Group. Default: all three; `group` is skipped where the tenant has no Auth0 Groups. */
          groupsFrom?: Array<'role' | 'group' | 'organization'>
          /** Only users for whom all of this holds. */
          filter?: {
            /** Name of a connection. */
            connection?: string
            /** Auth0's user search syntax, such as `app_metadata.plan:"full"`. */
            query?: string
            /** Names of roles; one of them is enough. */
            roles?: string[]
            /** Names of organizations; one of them is enough. */
            organizations?: string[]
          }
          /** Whether people whom Auth0 has blocked stay in the catalog. Default: true. */
          includeBlocked?: boolean
          /** More fields of a user for a transformer to see, such as `app_metadata`. */
          userFields?: string[]
          /** An import removes at most this share of what the catalog has, in percent (0 to 100). Default: 20. */
          maxRemovalPercent?: number
          /** When to import. Default: every hour, for at most an hour. */
          schedule?: SchedulerServiceTaskScheduleDefinitionConfig
          /** Changes within seconds, between imports. */
          events?: {
            /** Backstage's events topic. Default with a webhook: `auth0`. */
            topic?: string
            /** Opens `POST /api/events/http/<topic>` for Auth0's Event Streams; needs `@backstage/plugin-events-backend`. */
            webhook?: {
              /**
               * What Auth0 sends as bearer token, at least 32 characters; two while one replaces the other.
               * @visibility secret
               */
              bearerTokens: string[]
            }
            /** Follows Auth0's Events API instead; one stream for each instance of the backend. Default: false. */
            pull?: boolean
          }
        }
      }
    }
  }
}
