import type { ErrorRow } from './row.ts'
import { bearerErrors } from './rows/bearer.ts'
import { boundaryErrors } from './rows/boundary.ts'
import { eventsErrors } from './rows/events.ts'
import { oidcErrors } from './rows/oidc.ts'
import { othersErrors } from './rows/others.ts'
import { policyErrors } from './rows/policy.ts'
import { proxyErrors } from './rows/proxy.ts'
import { sessionErrors } from './rows/session.ts'

export type { ErrorRow } from './row.ts'

/** Every error that a client can meet, by code (`STAGEDOOR_<STAGE>_<WHAT>`). */
export const errorTable = {
  ...boundaryErrors,
  ...sessionErrors,
  ...bearerErrors,
  ...oidcErrors,
  ...eventsErrors,
  ...policyErrors,
  ...proxyErrors,
  ...othersErrors,
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable
