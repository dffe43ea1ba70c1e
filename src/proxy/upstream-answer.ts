import type { IncomingHttpHeaders } from 'node:http'

/** Length of the body in bytes, -1 where the upstream does not say. */
export function bodyLengthOf(headers: IncomingHttpHeaders): number {
  const length = headers['content-length']
  return length === undefined || headers['transfer-encoding'] !== undefined ? -1 : Number(length)
}
