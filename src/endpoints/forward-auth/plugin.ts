import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

import { GatewayError } from '../../errors/gateway-error.ts'
import { refuseUpgradeFromOtherOrigin } from '../../headers/other-origins.ts'
import { createIsOwnCookie } from '../../proxy/own-cookies.ts'
import { answerHeaders, numberedCookies } from './answer-headers.ts'

type ForwardAuthOptions = {
  /** Path of the endpoint. */
  path: string
  /** Origin of `server.baseUrl`, without a slash at the end. */
  publicOrigin: string
}

/**
 * Answers a proxy that asks whether a request of its client is allowed. All earlier stages have handled that request as if it
 * had come here, so this endpoint only turns their decision into an answer.
 */
export const forwardAuth: FastifyPluginAsync<ForwardAuthOptions> = async (app, { path, publicOrigin }) => {
  const isOwnCookie = createIsOwnCookie(publicOrigin.startsWith('https:'))

  // Answer before Fastify parses the body: Envoy asks with the method and the content type of the original request.
  const answer = (request: FastifyRequest, reply: FastifyReply): void => {
    const { decision, facts, principal, upstreamIdentity, raw } = request
    if (facts.askedBy === undefined || decision?.effect !== 'allow' || upstreamIdentity === undefined)
      throw new GatewayError('STAGEDOOR_INTERNAL', { reason: 'no-decision' })
    // Proxies do not forward `Upgrade`, but they forward this header, which a page cannot set in any other request.
    const isHandshake = raw.headers['sec-websocket-key'] !== undefined
    if (isHandshake && principal.kind === 'user') refuseUpgradeFromOtherOrigin(raw.headers, publicOrigin)
    for (const [name, value] of answerHeaders(raw.headers, upstreamIdentity, isOwnCookie)) reply.header(name, value)
    reply.header('traceparent', facts.traceparent).header('cache-control', 'no-store')
    reply.code(facts.askedBy === 'relays-all-but-200' ? 200 : 204).send()
  }

  // Runs after @fastify/cookie has written its lines. nginx reads only one header of each name, so each line gets its own name.
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (request.facts?.askedBy === 'reads-status')
      for (const [name, value] of numberedCookies(reply.getHeader('set-cookie'))) reply.header(name, value)
    done()
  })

  for (const url of [path, `${path}/*`]) {
    app.all(url, { preParsing: (request, reply, _payload, _done) => answer(request, reply) }, () => {
      throw new GatewayError('STAGEDOOR_INTERNAL', { reason: 'not-answered' })
    })
  }
}
