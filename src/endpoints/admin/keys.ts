import type { FastifyPluginAsync } from 'fastify'

import type { Keys } from '../../assertion/keys.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { refuseChangeFromOtherOrigin } from '../../headers/other-origins.ts'
import { badRequest } from './bad-request.ts'

/** Our signing keys, by purpose. */
type SigningKeys = ReadonlyMap<string, Pick<Keys, 'current' | 'jwks' | 'rotate'>>

export type AdminKeysOptions = { keys: SigningKeys; baseUrl: string }

/** `GET /.stagedoor/admin/keys` and `POST …/keys/rotate`: lists our signing keys, and rotates them. */
export const adminKeys: FastifyPluginAsync<AdminKeysOptions> = async (app, { keys, baseUrl }) => {
  app.get('/keys', async (_request, reply) => reply.header('cache-control', 'no-store').send({ keys: listed(keys) }))

  app.post('/keys/rotate', async (request, reply) => {
    // Programs send their own token, which a page of another site cannot send.
    if (request.principal.kind === 'user') refuseChangeFromOtherOrigin(request.headers, baseUrl)
    const { purpose, dropPrevious } = (request.body ?? {}) as Readonly<Record<string, unknown>>
    const ring = typeof purpose === 'string' ? keys.get(purpose) : undefined
    if (ring === undefined || typeof purpose !== 'string') {
      throw badRequest(`purpose has to be one of: ${[...keys.keys()].join(', ')}`)
    }
    await app.audit.ensure(request, { event: 'key', change: { what: purpose, action: 'rotation asked for' } })
    const neededUntil = await ring.rotate(String(dropPrevious) === 'true').catch((cause: unknown) => {
      throw new GatewayError('STAGEDOOR_ADMIN_KEYS_NOT_KEPT', { cause })
    })
    if (neededUntil !== undefined) {
      const detail = `It is needed until ${new Date(neededUntil).toISOString()}.`
      throw new GatewayError('STAGEDOOR_ADMIN_KEYS_IN_USE', { publicDetail: detail })
    }
    return reply.header('cache-control', 'no-store').send({ keys: listed(new Map([[purpose, ring]])) })
  })
}

/** Contains no secrets: public keys are published anyway. */
function listed(keys: SigningKeys) {
  return [...keys].map(([purpose, ring]) => ({
    purpose,
    current: ring.current().kid,
    published: ring.jwks().keys.map(({ kid }) => kid),
  }))
}
