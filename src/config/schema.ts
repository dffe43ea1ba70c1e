import { z } from 'zod'

import { admin, log } from './options/admin-and-log.ts'
import { assertion } from './options/assertion.ts'
import { audit } from './options/audit.ts'
import { auth0 } from './options/auth0.ts'
import { machines } from './options/machines.ts'
import { pages } from './options/pages.ts'
import { policy, routes } from './options/routes.ts'
import { server } from './options/server.ts'
import { session } from './options/session.ts'
import { telemetry } from './options/telemetry.ts'
import { upstreams } from './options/upstreams.ts'

/** Every option of Stagedoor; `default.yaml`, `schema.json` and `docs/config.md` are generated from it. */
export const configSchema = z.strictObject(
  { server, auth0, session, assertion, upstreams, machines, routes, policy, pages, admin, audit, log, telemetry },
  'the options of Stagedoor',
)

/** Configuration as the rest of the gateway sees it: durations in milliseconds, sizes in bytes, secrets wrapped. */
export type Config = z.output<typeof configSchema>

/** One entry of `routes`. */
export type RouteConfig = Config['routes'][number]

/** One entry of `upstreams`. */
export type UpstreamConfig = Config['upstreams'][string]
