import { z } from 'zod'

import { assertion } from './sections/assertion.ts'
import { audit } from './sections/audit.ts'
import { auth0 } from './sections/auth0.ts'
import { machines } from './sections/machines.ts'
import { admin, log } from './sections/operations.ts'
import { pages } from './sections/pages.ts'
import { policy, routes } from './sections/routes.ts'
import { server } from './sections/server.ts'
import { session } from './sections/session.ts'
import { telemetry } from './sections/telemetry.ts'
import { upstreams } from './sections/upstreams.ts'

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
