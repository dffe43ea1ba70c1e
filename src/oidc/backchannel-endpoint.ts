import type { FastifyPluginAsync } from 'fastify'

import { type BackchannelParty, takeLogoutToken } from './backchannel-logout.ts'

/** A logout token has less than 2 KiB; who sends more is not our login service. */
const bodyLimit = 16_384

/** `POST /.stagedoor/backchannel-logout` (OIDC Back-Channel Logout 1.0 §2.5, §2.8): answers 200 when it is done for all. */
export const backchannelLogout: FastifyPluginAsync<{ party: BackchannelParty }> = async (app, { party }) => {
  app.post('/backchannel-logout', { bodyLimit }, async (request, reply) => {
    const { body } = request
    const token = typeof body === 'object' && body !== null && 'logout_token' in body ? body.logout_token : undefined
    const { sid, subject } = await takeLogoutToken(party, token)
    const target = sid === undefined ? { subject: subject ?? '' } : { sid }
    app.audit.revoked(request, { reason: 'back-channel-logout', target })
    return reply.code(200).header('cache-control', 'no-store').send()
  })
}
