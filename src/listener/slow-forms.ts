import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import { breakOff, closeAfterUnreadBody, mustCloseConnection } from '../proxy/client-response.ts'
import { bringsBody } from '../proxy/prepare-exchange.ts'

/** Refuses forms, tokens and events for endpoints of our own that do not arrive in time: each keeps its place among the requests under way. */
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
