import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import { breakOff, closeAfterUnreadBody, mustCloseConnection } from '../proxy/client-response.ts'
import { bringsBody } from '../proxy/prepare-exchange.ts'

/** Refuses bodies for our own endpoints that do not arrive in time: until then each counts as a request under way. */
export function refuseSlowForms(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (bringsBody(request)) {
      const late = setTimeout(() => refuse(request, reply), timeoutMs).unref()
      for (const event of ['end', 'close']) payload.once(event, () => clearTimeout(late))
    }
    done(null, payload)
  })
}

function refuse({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent) return breakOff(reply.raw)
  if (mustCloseConnection(raw)) reply.header('connection', 'close')
  closeAfterUnreadBody(raw, reply.raw)
  reply.send(new GatewayError('STAGEDOOR_BOUNDARY_REQUEST_TIMEOUT'))
}
