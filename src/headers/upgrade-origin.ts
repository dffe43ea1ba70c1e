import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'

/**
 * Refuses a WebSocket handshake that another site's page makes in a person's name: browsers send cookies along and
 * leave it to the server to look at `Origin` (RFC 6455 §10.2). Programs send none.
 * @param publicOrigin origin of `server.baseUrl`, without a slash at the end
 * @throws STAGEDOOR_PROXY_ORIGIN_REFUSED
 */
export function refuseForeignUpgrade({ origin }: IncomingHttpHeaders, publicOrigin: string): void {
  if (origin === undefined || origin === publicOrigin) return
  throw new GatewayError('STAGEDOOR_PROXY_ORIGIN_REFUSED', { detail: `Origin: ${origin}` })
}
