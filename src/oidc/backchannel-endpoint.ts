import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import { type BackchannelParty, takeLogoutToken } from './backchannel-logout.ts'

/** A logout token has less than 2 KiB. Our login service never sends more. */
const bodyLimit = 16_384

/** `POST /.stagedoor/backchannel-logout` (OIDC Back-Channel Logout 1.0 §2.5, §2.8): answers 200 when it is done for all. */
export const backchannelLogout: FastifyPluginAsync<{ party: BackchannelParty }> = async (app, { party }) => {
  app.post('/backchannel-logout', { bodyLimit }, async (request, reply) => {
    const token = logoutTokenIn(request)
    const { sid, subject } = await takeLogoutToken(party, token)
    const target = sid === undefined ? { subject: subject ?? '' } : { sid }
    app.audit.write(request, { event: 'revocation', channel: 'back-channel-logout', target })
    return reply.code(200).header('cache-control', 'no-store').send()
  })
}

/** §2.5: the token is a form field; other encodings would be another way in that the specification does not know. */
function logoutTokenIn({ headers, body }: FastifyRequest): unknown {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new GatewayError('STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', { reason: 'content-type' })
  }
  return typeof body === 'object' && body !== null && 'logout_token' in body ? body.logout_token : undefined
}
