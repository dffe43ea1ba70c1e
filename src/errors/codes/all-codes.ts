import { eventsErrors, oidcErrors, othersErrors } from './endpoint-codes.ts'
import type { ErrorRow } from './row.ts'
import { bearerErrors, boundaryErrors, sessionErrors, policyErrors, proxyErrors } from './stage-codes.ts'

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
