// This folder: the console of operators and its API: rules, sessions, keys, records.

import { GatewayError } from '../../errors/gateway-error.ts'

/** @param detail a message for the caller */
export function badRequest(detail: string): GatewayError {
  return new GatewayError('STAGEDOOR_ADMIN_BAD_REQUEST', { publicDetail: detail })
}
