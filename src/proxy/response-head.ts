import type { IncomingHttpHeaders } from 'node:http'

import type { Dispatcher } from 'undici'

/** undici's types leave room for HTTP/2's header object; the HTTP/1.1 parser gives a list. */
export function rawHeadersOf({ rawHeaders }: Dispatcher.DispatchController): readonly (Buffer | string)[] {
  return Array.isArray(rawHeaders) ? rawHeaders : []
}

/** How many bytes of body an upstream promised; -1 where it did not say. */
export function bodyLengthOf(headers: IncomingHttpHeaders): number {
  const length = headers['content-length']
  return length === undefined || headers['transfer-encoding'] !== undefined ? -1 : Number(length)
}
