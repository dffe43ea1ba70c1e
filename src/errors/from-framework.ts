import { GatewayError } from './gateway-error.ts'
import type { ErrorCode } from './table.ts'

/** Our error codes for requests that Fastify itself refuses. Its codes are matched, never its messages. */
const ours = new Map<string, ErrorCode>([
  ['FST_ERR_BAD_URL', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['FST_ERR_MAX_PARAM_LENGTH', 'STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL'],
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'STAGEDOOR_BOUNDARY_BODY_TOO_LARGE'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'STAGEDOOR_BOUNDARY_UNSUPPORTED_MEDIA_TYPE'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_CTP_INVALID_JSON_BODY', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_ROUTE_MISSING_CONTENT_TYPE', 'STAGEDOOR_BOUNDARY_MALFORMED_REQUEST'],
  ['FST_ERR_NOT_FOUND', 'STAGEDOOR_BOUNDARY_NOT_FOUND'],
])

/** An unknown error is an internal one, and its message stays in the log. */
export function fromFramework(error: { code?: string | undefined }): GatewayError {
  const code = ours.get(error.code ?? '') ?? 'STAGEDOOR_INTERNAL'
  return new GatewayError(code, { cause: error, ...(error.code === undefined ? {} : { reason: error.code }) })
}
